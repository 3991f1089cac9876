"""Parts of weak passwords: common words, names of the product, rows of the keyboard. Our own list.

A password of fifteen characters or more is never one common password; it is weak when little else is left after these
are taken out of it.
"""

BRAND_WORDS = (
    "qudao", "渠道", "quedao", "qudou", "dinghuo", "订货", "qudaodinghuo", "zongdai", "总代", "daili", "代理",
    "jingxiaoshang", "经销商", "mendian", "门店", "weishang", "微商", "tuanzhang", "团长", "pinpai", "品牌", "fenxiao",
    "分销", "channel", "distribution", "dealer", "agent",
)  # fmt: skip

_COMMON = """
    password passwort passw0rd p4ssword pass word letmein welcome login signin admin administrator root user guest
    test tester testing demo default changeme change secret private public system server manager master super
    superman batman spiderman pokemon naruto dragon monkey tiger lion eagle horse kitty bunny panda teddy puppy
    football baseball basketball soccer hockey tennis golf runner sports player winner champion
    iloveyou iloveu loveyou loveme lovely love lover sweet sweetheart honey baby babygirl princess prince angel
    queen king sunshine rainbow flower butterfly summer winter spring autumn january february march april may june
    july august september october november december monday tuesday wednesday thursday friday saturday sunday
    michael jordan daniel andrew joshua matthew jessica jennifer ashley amanda nicole hannah thomas robert charlie
    george william james john david richard anthony maria anna sophie laura sarah peter paul mark alex max
    hello hallo freedom whatever trustno1 starwars computer internet google apple microsoft windows android samsung
    huawei xiaomi taobao tmall alibaba tencent weixin wechat zhifubao alipay jingdong baidu douyin
    company office business sales finance order orders customer service support market marketing product price
    thequickbrownfox quick brown fox jumps over lazy dog
    abcdefg abcdef abcde abcd abc aaa bbb xyz qwerty qwert qazwsx asdfgh asdf zxcvbn zxcv zaq1 1qaz 1q2w3e
    money dollar cash lucky happy smile cool good best nice great first number one two three four five six seven
    eight nine ten zero china beijing shanghai guangzhou shenzhen hangzhou suzhou nanjing wuhan chengdu chongqing
    zhongguo mima mimashi wodemima woaini woaizhongguo woaiwojia aini zhongguoren nihao xiexie laoban gongsi
    caiwu xiaoshou kehu dingdan chanpin jiage gongzuo shengri kuaile xingfu jiankang facai gongxifacai fafafa
    wang zhang liu chen yang huang zhao zhou wu xu sun zhu gao lin guo luo liang xiao tang cao deng
    我爱你 我爱中国 密码 我的密码 你好 恭喜发财 生日快乐 管理员 公司 中国 上海 北京
    the and for with this that from have your you mine new old big not all this is my our are
    please enter here open sesame opensesame access granted allowed unlock locked
"""
COMMON_WORDS = frozenset(_COMMON.split())

KEYBOARD_ROWS = (
    "1234567890-=", "!@#$%^&*()_+", "qwertyuiop[]", "asdfghjkl;'", "zxcvbnm,./",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/", "qazwsxedcrfvtgbyhnujmikolp", "!qaz@wsx#edc$rfv%tgb^yhn",
    "zaqxswcdevfrbgtnhymjukilop", "1q2w3e4r5t6y7u8i9o0p", "q1w2e3r4t5y6u7i8o9p0", "azertyuiopqsdfghjklmwxcvbn",
    "abcdefghijklmnopqrstuvwxyz", "01234567890123456789", "147258369", "159357", "741852963",
)  # fmt: skip
