"""What is published of people: that the directory knows a person id, and no more. Names stand there alone."""

from events.envelope import Event


class PersonRegistered(Event, type="alliance.members.person_registered.v1"):
    """The directory has an entry for this person id, or another one than before."""

    person: str


class PersonErased(Event, type="alliance.members.person_erased.v1"):
    """The directory has no entry any more."""

    person: str


EVENTS = (PersonRegistered, PersonErased)
