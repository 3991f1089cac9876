"""What people call the fields in their own worksheets. Used for suggestions that a person confirms, never silently."""

_WORDS = {
    "code": "编号|客户编号|代码|客户代码|编码|客户编码|经销商编号|代理商编号|customer id|id|no",
    "name": "名称|客户|客户名|客户全称|公司|公司名称|单位名称|企业名称|店名|店铺名称|经销商名称|代理商名称|渠道商名称|"
    "分销商名称|产品名称|品名|company|company name",
    "contact": "联系人姓名|负责人|联络人|法人|contact name|contact person",
    "phone": "电话|手机|手机号|手机号码|联系电话|联系方式|联系人手机|联系人手机号码|电话号码|tel|mobile|telephone",
    "uscc": "税号|纳税人识别号|统一社会信用代码|社会信用代码|信用代码|营业执照号|tax number|tax id",
    "region": "地区|所在地区|省市区|行政区划|区域编码|所属区域|district|area",
    "address": "详细地址|地址|公司地址|通讯地址|收货地址|原始地址|addr|street address",
    "stage": "客户阶段|跟进阶段|目前阶段|当前阶段|状态|客户状态|stage",
    "owner": "负责人邮箱|跟进人|业务员|销售|客户经理|owner email|sales",
    "source": "客户来源|来源渠道|线索来源|lead source",
    "tags": "标签|客户标签|label|labels",
    "partner": "所属代理|所属经销商|所属合作伙伴|上级代理|代理商|经销商|dealer",
    "tier": "级别|代理级别|等级|渠道级别|代理商级别|类型|level",
    "upstream": "上级|上级代理|上级编号|上级经销商|所属上级|parent",
    "credit_limit": "授信额度|信用额度|授信|额度|credit",
    "valid_from": "生效日期|开始日期|合作开始日期|签约日期|start date",
    "valid_to": "失效日期|结束日期|截止日期|到期日|end date",
    "status": "状态|合作状态|state",
    "sku": "商品编码|货号|产品编码|物料编码|商品编号|product id|item|item no|stock code",
    "category": "分类|类别|品类|商品分类|product category",
    "unit": "单位|计量单位|uom",
    "box_units": "箱规|装箱数|每箱数量|件/箱|units per box",
    "minimum_quantity": "起订量|最小起订量|最低订货量|moq",
    "barcode": "条码|条形码|69码|ean",
    "tax_rate": "税率|vat",
    "unit_price": "单价|价格|进货价|供货价|拿货价|price",
    "quantity": "数量|订货数量|件数|qty",
    "buyer": "订货方|客户|买方|下单客户",
    "note": "备注|说明|remark|remarks|comment",
    "email": "邮箱|电子邮箱|e-mail|mail",
    "role": "角色|岗位",
}

SYNONYMS: dict[str, tuple[str, ...]] = {name: tuple(words.split("|")) for name, words in _WORDS.items()}
"""Field name → headings that mean it."""
