"""How channel partners appear."""

from core.i18n import N_
from core.kinds.standard import CODE, DAY, INSTANT, MONEY, NAME, NOTE, PHONE, USCC, choice, choices_of, reference
from core.permissions import Permission
from core.resource import Field, Resource
from models.partners.partners import STATUS_LABELS, Partner
from models.partners.tiers import TIER
from models.regions.kind import REGION
from services.applications.batches import save_partners_for_review
from services.partners.saving import MATCHES

PARTNERS = Resource(
    name="partners",
    label=N_("Partners"),
    title=N_("Partner"),
    model=Partner,
    keys=("code",),
    view=Permission.PARTNER_VIEW,
    edit=Permission.PARTNER_EDIT,
    save=save_partners_for_review,
    order=("code",),
    match=tuple(MATCHES),
    search_rank=3,
    fields=(
        Field(name="code", label=N_("Partner code"), kind=CODE, column=Partner.code, required=True, example="HD01"),
        Field(
            name="name",
            label=N_("Partner name"),
            kind=NAME,
            column=Partner.name,
            required=True,
            example="华东恒源贸易有限公司",
        ),
        Field(name="tier", label=N_("Tier"), kind=TIER, column=Partner.tier, required=True, example="master_agent"),
        Field(
            name="upstream",
            label=N_("Upstream"),
            kind=reference("partners", Partner.code, Partner.name),
            column=Partner.upstream_id,
            synonyms="上级|上级代理|上级编号|上级经销商|所属上级|parent",
        ),
        Field(
            name="status",
            label=N_("Status"),
            kind=choice(*choices_of(STATUS_LABELS)),
            column=Partner.status,
            example="active",
        ),
        Field(
            name="uscc",
            label=N_("Social credit code"),
            kind=USCC,
            column=Partner.uscc,
            example="91350100M000100Y43",
            seldom=True,
        ),
        Field(
            name="contact",
            label=N_("Contact"),
            kind=NAME,
            column=Partner.contact,
            example="李敏",
            section="contact",
            width=110,
        ),
        Field(
            name="phone", label=N_("Phone"), kind=PHONE, column=Partner.phone, example="13800138000", section="contact"
        ),
        Field(
            name="region", label=N_("Region"), kind=REGION, column=Partner.region, example="330106", section="contact"
        ),
        Field(
            name="address",
            label=N_("Address"),
            kind=NOTE,
            column=Partner.address,
            example="文三路 90 号",
            section="contact",
            seldom=True,
        ),
        Field(
            name="credit_limit",
            label=N_("Credit limit (yuan)"),
            kind=MONEY,
            column=Partner.credit_limit_cents,
            example="50000.00",
            confidential_to=Permission.PARTNER_CREDIT_VIEW,
            section="terms",
            synonyms="授信额度|信用额度|授信|额度|credit",
        ),
        Field(
            name="valid_from",
            label=N_("Valid from"),
            kind=DAY,
            column=Partner.valid_from,
            example="2026-01-01",
            section="terms",
        ),
        Field(name="created_at", label=N_("Created"), kind=INSTANT, column=Partner.created_at, stated=False),
        Field(
            name="updated_at", label=N_("Changed"), kind=INSTANT, column=Partner.updated_at, stated=False, seldom=True
        ),
    ),
)
