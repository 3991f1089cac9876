"""What people call the fields in their own worksheets. Used for suggestions that a person confirms, never silently."""

_WORDS = {
    "code": "编号|代码|编码|客户编号|客户代码|客户编码|经销商编号|代理商编号|合作伙伴编号|渠道编号|门店编号|门店代码|"
    "门店号|店铺编号|店铺编码|店号|网点编号|customer id|customer no|customer number|store number|store id|store no|"
    "account no|id|no",
    "name": "名称|客户|客户名|客户全称|公司|公司名称|单位名称|企业名称|店名|门店|门店名|店铺|店铺名|店铺名称|"
    "网点名称|经销商名称|代理商名称|渠道商名称|分销商名称|产品名称|商品名|品名|company|company name|customer|store|"
    "product|full name",
    "contact": "联系人姓名|联系人名称|负责人|联络人|对接人|法人|店长|店主|姓名|contact name|contact person",
    "phone": "电话|手机|手机号|手机号码|联系电话|联系方式|联系人电话|联系人手机|联系人手机号码|电话号码|门店电话|"
    "店铺电话|固定电话|座机|tel|mobile|telephone|mobile phone|cell phone|phone number|phone no|contact number",
    "uscc": "税号|纳税人识别号|统一社会信用代码|社会信用代码|信用代码|营业执照号|tax number|tax id",
    "region": "地区|所在地区|省市区|省市县|省/市/区|城市|所在城市|行政区划|区域编码|所属区域|district|area",
    "address": "详细地址|地址|公司地址|通讯地址|收货地址|原始地址|门店地址|店铺地址|店址|经营地址|注册地址|addr|"
    "street|street address|address 1|address line 1",
    "stage": "客户阶段|跟进阶段|目前阶段|当前阶段|状态|客户状态|stage",
    "owner": "负责人邮箱|跟进人|业务员|销售|客户经理|owner email|sales",
    "source": "客户来源|来源渠道|线索来源|lead source",
    "tags": "标签|客户标签|label|labels",
    "partner": "所属代理|所属经销商|所属合作伙伴|所属上级|上级代理|代理商|经销商|供货商|dealer|dealer code|distributor",
    "tier": "级别|代理级别|等级|渠道级别|代理商级别|类型|level",
    "upstream": "上级|上级代理|上级编号|上级经销商|所属上级|parent",
    "credit_limit": "授信额度|信用额度|授信|额度|credit",
    "valid_from": "生效日期|开始日期|合作开始日期|签约日期|start date",
    "valid_to": "失效日期|结束日期|截止日期|到期日|end date",
    "status": "状态|合作状态|state",
    "latitude": "门店纬度|纬度坐标|y 坐标|gps 纬度|lat|gps latitude",
    "longitude": "门店经度|经度坐标|x 坐标|gps 经度|lng|lon|long|gps longitude",
    "datum": "坐标类型|坐标系统|坐标标准|地图坐标系|coordinate system",
    "accuracy_m": "精度|定位精度|误差|误差（米）|accuracy",
    "sku": "商品编码|货号|产品编码|物料编码|商品编号|product id|item|item no|stock code",
    "category": "分类|类别|品类|品类名称|商品分类|商品类别|产品分类|产品类别|product category|category name",
    "unit": "单位|计量单位|计价单位|销售单位|uom",
    "box_units": "箱规|箱装量|装箱数|装箱规格|每箱数量|每件数量|入数|件/箱|units per box|pack size|case pack",
    "minimum_quantity": "起订量|起订数量|最小起订量|最小订货量|最低订货量|moq|minimum order quantity",
    "barcode": "条码|条形码|69码|商品条码|产品条码|国际条码|ean|gtin|upc",
    "tax_rate": "税率|增值税率|vat",
    "unit_price": "单价|价格|含税单价|进货价|供货价|拿货价|批发价|出厂价|代理价|price|unit price|list price",
    "number": "订单号|订单编号|单号|order no|order number|order id",
    "buyer": "订货方|订货单位|采购方|客户|客户编码|客户编号|买方|下单客户|经销商|customer",
    "quantity": "数量|订货数量|订购数量|下单数量|件数|qty|order quantity",
    "ship_to_name": "收货人|收货人姓名|收件人|收件人姓名|receiver|recipient|ship to",
    "ship_to_phone": "收货电话|收货人电话|收货人手机|收件人电话|收件人手机",
    "ship_to_region": "收货地区|收货省市区|收件地区",
    "ship_to_address": "收货地址|收货详细地址|收件地址|送货地址|ship to address|delivery address",
    "note": "备注|说明|remark|remarks|comment",
    "email": "邮箱|电子邮箱|e-mail|mail",
    "role": "角色|岗位",
    "department": "所属部门|所在部门|dept",
    "position": "岗位名称|职务|job|job title",
    "manager": "直接上级|汇报对象|部门负责人|主管|reports to|supervisor",
    "parent": "上级部门编码|上级部门名称|parent department",
}

SYNONYMS: dict[str, tuple[str, ...]] = {name: tuple(words.split("|")) for name, words in _WORDS.items()}
"""Field name → headings that mean it."""
