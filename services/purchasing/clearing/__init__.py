"""Owns the answer to a member's notice: whether anything of it is still open in this service.

Publishes `member_cleared`, once for each notice.
Never decides whether a member may leave.
"""
