"""Owns reading public procurement notices: what an opportunity needs, and every fault of the publication.
Publishes read_ocds, its result ReadNotice, and NoticeRefused with all that is wrong and where.
Never does I/O, keeps the notice or lets through a person's name, address or number: it is a pure reader.
"""

from tenders.notices.faults import Fault, NoticeRefused
from tenders.notices.notice import Buyer, Classification, Lot, Publication, ReadNotice
from tenders.notices.ocds import read_ocds

__all__ = [
    "Buyer",
    "Classification",
    "Fault",
    "Lot",
    "NoticeRefused",
    "Publication",
    "ReadNotice",
    "read_ocds",
]
