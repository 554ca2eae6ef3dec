# The language itself, and how its sentences are joined.
#
# 简体中文。称呼：你。引号：“…”。
# 词汇：share = 分享；fetch = 获取；node = 节点；peer = 对等方；provider = 提供者；storage = 存储处；hash = 哈希；
# link = 链接；web link = 网页链接；privately = 私密；background worker = 后台程序；upload = 上传；extension = 扩展；
# gateway = 网关；call = 调用。

# The name of the language, in the language.
name = 简体中文
# ltr or rtl.
direction = ltr
# A sentence that follows another one. Chinese has no space between them.
sentences = { $first }{ $second }
# A text that becomes a sentence.
with-stop = { $text }。
# Texts in a list.
list-more = { $first }、{ $second }
list-and = { $first }和 { $second }
# A file of several, with what is said about it.
named = “{ $name }”：{ $what }
# A sentence, without its full stop, with the words of another program, which are in English.
quoting = { $what }（{ $detail }）。
# The same for a clause, which has no full stop.
clause-quoting = { $what }（{ $detail }）
