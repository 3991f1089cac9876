"""What people call fields that many resources have, in worksheets of their own. For suggestions that a person confirms.

Words for a field of one resource stand where it is declared: ``Field.synonyms``.
"""

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
    "partner": "所属代理|所属经销商|所属合作伙伴|所属上级|上级代理|代理商|经销商|供货商|dealer|dealer code|distributor",
    "tier": "级别|代理级别|等级|渠道级别|代理商级别|类型|level",
    "valid_from": "生效日期|开始日期|合作开始日期|签约日期|start date",
    "status": "状态|合作状态|state",
    "sku": "商品编码|货号|产品编码|物料编码|商品编号|product id|item|item no|stock code",
    "unit": "单位|计量单位|计价单位|销售单位|uom",
    "note": "备注|说明|remark|remarks|comment",
    "email": "邮箱|电子邮箱|e-mail|mail",
    "manager": "直接上级|汇报对象|部门负责人|主管|reports to|supervisor",
}

SYNONYMS: dict[str, tuple[str, ...]] = {name: tuple(words.split("|")) for name, words in _WORDS.items()}
"""Field name → headings that mean it."""
