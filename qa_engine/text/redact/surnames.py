"""Family and given names as pattern parts, and the words that only look like them."""

from __future__ import annotations

import re

from qa_engine.text.lexicon import word_list

_SURNAMES = word_list("surnames")
SURE = "".join(_SURNAMES.in_category("common"))
ANY = SURE + "".join(_SURNAMES.in_category("ambiguous"))
COMPOUND = "|".join(sorted(_SURNAMES.in_category("compound")))
# Characters that do not stand in given names but often follow a name or make a word with a surname.
_NOT_GIVEN = (
    "的了吗呢啊吧呀哦嗯呃额哈么我你您他她它们这那哪是在有没不要就都也还又再很把被跟和与或从到去来给让对向为叫姓"
    "先女师什谁几少个位号码手电话身份证地址住请麻烦好行可以能会说问听看查报办买卖退换想先太姐哥"
    "嘛练经区县市镇路街一二三四五六七八九十零幺两百千万后前上下里外左右，。！？、者员客户服本所其已经因于此各每当但而且"
)
GIVEN = rf"[^\W\d_A-Za-z{_NOT_GIVEN}]"
GIVENS = rf"(?:一{GIVEN}|{GIVEN}{{1,2}})"
FULL = rf"(?:(?:{COMPOUND})|[{SURE}]){GIVENS}"
FULL_ANY = rf"(?:(?:{COMPOUND})|[{ANY}]){GIVENS}"
# Words that begin like a name and follow the same cues: 联系人关系, 姓名查询, 机主解除…
NO_NAME = (
    r"(?:关系|查询|解除|房产|付钱|付款|安全|管理|单位|方式|成功|连续|解释|国籍|计划|时间|习惯|支付|水电|包括|包含|简单|钱款|钱包|左右"
    r"|金额|程序|程度|应该|平时|常用|符合|高兴|满意|项目|景区|车牌|车辆|班级|党员|盖章|单独|单号|印章|阳光|通过|通知|年龄|年纪|干嘛|经过|公司|怀疑)"
)
NOT_SURNAME = re.compile(
    r"(?:意思|不容|非常|平常|不管|尽管|主管|经管|这边|那边|旁边|方向|广告|面单|账单|订单|工单|下单|保单|简单|钱包|红包|明白"
    r"|查询|正常|地方|对方|官方|双方|一方|多方|提高|不高|完全|系统|解除|理解|了解|公司|上司|回家|儿童|计时|设计|预计|教师|律师"
    r"|厨师|老师|千万|一万|两万|三万|五万|十万|百万|问路|线路|网路|原路|半路|水表|手表|开车|上车|下车|停车|货车|派车|黄金|现金"
    r"|押金|基金|租金|违约金|定金|奖金|冬季|夏季|四季|秋季|熟练|训练|教练|附近|网单|门牌|名牌|车牌|品牌|金牌)$"
)
# Family names that make no everyday word with what stands before or after them.
STEADY = (
    "王李张刘陈杨赵吴徐孙胡朱林郭罗梁宋郑韩唐冯董曹袁邓沈彭吕苏卢蒋蔡贾丁魏薛叶阎潘杜戴汪姜姚谭廖邹熊邱秦侯邵孟黎龚庞樊"
    "殷翟倪俞葛韦聂邢岳庄佟牟栾肖闫窦邝骆阮柯覃霍翁隋裴"
)
