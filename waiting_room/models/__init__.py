"""Tables, one file a noun. Nothing here decides anything."""

from waiting_room.models.address import Address, Button, Message
from waiting_room.models.alert import Alert, AlertEvent
from waiting_room.models.audit import AuditHead, AuditRow, Beat, Lease
from waiting_room.models.base import Base, new_id, new_reference
from waiting_room.models.check_in import CheckIn, CheckInPlan
from waiting_room.models.consent import Consent
from waiting_room.models.duty import Absence, DutyTurn
from waiting_room.models.group import Group
from waiting_room.models.inbox import InboxUpdate, PollState
from waiting_room.models.letter import LetterRow
from waiting_room.models.page import Confirmation, PageBody, PageDraft, PageVersion, PublishedSet
from waiting_room.models.patient import Kinship, Note, Patient, SearchHash, Share
from waiting_room.models.provider import Organisation, Provider
from waiting_room.models.reader import PageAnswer, SearchMiss
from waiting_room.models.referral import Invitation, Referral
from waiting_room.models.staff import (
    SignInLink,
    SignInTry,
    Staff,
    StaffChannel,
    StaffLinkCode,
    StaffSession,
)

__all__ = [
    "Absence",
    "Address",
    "Alert",
    "AlertEvent",
    "AuditHead",
    "AuditRow",
    "Base",
    "Beat",
    "Button",
    "CheckIn",
    "CheckInPlan",
    "Confirmation",
    "Consent",
    "DutyTurn",
    "Group",
    "InboxUpdate",
    "Invitation",
    "Kinship",
    "Lease",
    "LetterRow",
    "Message",
    "Note",
    "Organisation",
    "PageAnswer",
    "PageBody",
    "PageDraft",
    "PageVersion",
    "Patient",
    "PollState",
    "Provider",
    "PublishedSet",
    "Referral",
    "SearchHash",
    "SearchMiss",
    "Share",
    "SignInLink",
    "SignInTry",
    "Staff",
    "StaffChannel",
    "StaffLinkCode",
    "StaffSession",
    "new_id",
    "new_reference",
]
