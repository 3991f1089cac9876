"""How customers appear."""

from core.i18n import N_
from core.kinds.standard import CODE, INSTANT, LINE, NAME, NOTE, PHONE, TAGS, USCC, choice, choices_of, reference
from core.permissions import Permission
from core.resource import Action, Field, Input, Resource
from models.accounts.users import User
from models.customers import STAGE_LABELS, Customer, CustomerStage
from models.partners.partners import Partner
from models.regions.kind import REGION
from services.customers import MATCHES, hand_over_customers, move_customers, save_customers

STAGE = choice(*choices_of(STAGE_LABELS))
OWNER = reference("users", User.email, User.name)

CUSTOMERS = Resource(
    name="customers",
    label=N_("Customers"),
    title=N_("Customer"),
    model=Customer,
    keys=("code",),
    view=Permission.CUSTOMER_VIEW,
    edit=Permission.CUSTOMER_EDIT,
    save=save_customers,
    order=("-created_at",),
    match=tuple(MATCHES),
    search_rank=2,
    actions=(
        Action(
            name="move",
            label=N_("Move to a stage"),
            permission=Permission.CUSTOMER_EDIT,
            run=move_customers,
            inputs=(
                Input(
                    name="stage", label=N_("Stage"), kind=STAGE, required=True, initial=CustomerStage.CONTACTED.value
                ),
            ),
            question=(N_("Move {count} customer"), N_("Move {count} customers")),
            explanation=N_("All of them get the stage you choose; each change is kept in their history."),
        ),
        Action(
            name="hand_over",
            label=N_("Hand over"),
            permission=Permission.CUSTOMER_EDIT,
            run=hand_over_customers,
            inputs=(Input(name="owner", label=N_("New owner"), kind=OWNER, required=True),),
            question=(N_("Hand over {count} customer"), N_("Hand over {count} customers")),
            explanation=N_("Somebody else looks after all of them from now on; each change is kept in their history."),
        ),
    ),
    fields=(
        Field(name="code", label=N_("Customer code"), kind=CODE, column=Customer.code, required=True, example="C0001"),
        Field(
            name="name",
            label=N_("Customer name"),
            kind=NAME,
            column=Customer.name,
            required=True,
            example="上海静安旗舰店",
        ),
        Field(
            name="stage",
            label=N_("Stage"),
            kind=STAGE,
            column=Customer.stage,
            example="lead",
            synonyms="客户阶段|跟进阶段|目前阶段|当前阶段|状态|客户状态|stage",
        ),
        Field(
            name="contact",
            label=N_("Contact"),
            kind=NAME,
            column=Customer.contact,
            example="王磊",
            section="contact",
            width=110,
        ),
        Field(
            name="phone", label=N_("Phone"), kind=PHONE, column=Customer.phone, example="13800138000", section="contact"
        ),
        Field(
            name="uscc",
            label=N_("Social credit code"),
            kind=USCC,
            column=Customer.uscc,
            example="91350100M000100Y43",
            seldom=True,
        ),
        Field(
            name="region", label=N_("Region"), kind=REGION, column=Customer.region, example="310106", section="contact"
        ),
        Field(
            name="address",
            label=N_("Address"),
            kind=NOTE,
            column=Customer.address,
            example="南京西路 1266 号",
            section="contact",
            seldom=True,
        ),
        Field(
            name="owner",
            label=N_("Owner"),
            kind=OWNER,
            column=Customer.owner_id,
            width=110,
            synonyms="负责人邮箱|跟进人|业务员|销售|客户经理|owner email|sales",
        ),
        Field(
            name="source",
            label=N_("Source"),
            kind=LINE,
            column=Customer.source,
            example="展会",
            seldom=True,
            synonyms="客户来源|来源渠道|线索来源|lead source",
        ),
        Field(
            name="tags",
            label=N_("Tags"),
            kind=TAGS,
            column=Customer.tags,
            example="连锁;重点",
            seldom=True,
            synonyms="标签|客户标签|label|labels",
        ),
        Field(
            name="partner",
            label=N_("Partner"),
            kind=reference("partners", Partner.code, Partner.name),
            column=Customer.partner_id,
        ),
        Field(name="created_at", label=N_("Created"), kind=INSTANT, column=Customer.created_at, stated=False),
        Field(
            name="updated_at", label=N_("Changed"), kind=INSTANT, column=Customer.updated_at, stated=False, seldom=True
        ),
    ),
)
