# The page of what happened: moments, and what happened in each.
#
# 简体中文。称呼：你。引号：“…”。
# 词汇：share = 分享；fetch = 获取；node = 节点；peer = 对等方；provider = 提供者；storage = 存储处；hash = 哈希；
# link = 链接；web link = 网页链接；privately = 私密；background worker = 后台程序；upload = 上传；extension = 扩展；
# gateway = 网关；call = 调用。

## The page.

time-title = 发生了什么
time-help = 移到某个时刻，即可看到当时的列表。这里有最近 30 天的内容；如果发生的事情很多，则会少一些。
time-reading = 正在读取发生的事情…
time-beginning = 开始
time-nothing = 当时列表是空的。
time-moment = 时刻
time-before = 后退一步
time-after = 前进一步
time-now = 到末尾
time-count = 第 { NUMBER($at) } 步，共 { NUMBER($last) } 步
time-file = 保存为文件
time-file-help = 为了报告故障，可以把这一切保存为文件，并在另一个浏览器中打开。名称、链接、密钥、哈希、对等方和地址都以编号代替。
time-export = 保存为文件
time-open = 打开文件
time-back = 回到此浏览器
time-forget = 忘记发生的事情
time-forget-question = 要忘记此前发生的事情吗？你的列表和文件保持不变。
time-no-file = 此文件中没有 Fluence Share 的历史记录。请选择在此页面保存的文件。
time-of-file = 这是文件 { $name } 中的历史记录，而不是此浏览器的。

## What happened, in a few words.

event-about = { $name }：{ $what }
event-share-began = 你开始分享它
event-fetch-began = 你开始获取它
event-described = 得知了它的名称、类型或大小
event-named = 你更改了它的名称或备注
event-thumbnail = 生成了它的缩略图
event-hashed = 它有了链接
event-requested = 有人请求了它
event-upload-began = 开始上传
event-upload-sent = 上传了一部分
event-uploaded = 上传完成
event-upload-failed = 上传失败
event-limited = 你设置了何时停止分享
event-as-page = 你选择了分享网页
event-asks-first = 你设置了是否先询问你
event-provided = 你也开始分享它
event-not-provided = 它不再被分享
event-saved = 它已保存
event-stays = 它在原处被读取
event-merged = 列表中已有同一个文件
event-removed = 移除了一个文件
event-unconfirmed = 扩展重新启动了
event-confirmed = 其他人又能找到你分享的内容了
event-released = 一个存储处放弃了一份副本
event-withdrawn = 已告知节点哪些文件不再分享
event-settings = 设置已更改
event-started = 扩展启动了

## What was changed in the settings; hosts follow those that end with a colon.

then-no-node = 当时不再有任何节点。
then-one-node = 从那时起有 1 个节点：
then-nodes = 从那时起有以下节点：
then-own-ipfs = 从那时起，你分享的内容上传到这个 IPFS 节点，把它当作你自己的：
then-no-own-ipfs = 从那时起不再使用你自己的 IPFS 节点。
then-public = 从那时起，没有人分享的内容会直接在公共 IPFS 中查找，不再询问你。
then-not-public = 从那时起，没有人分享的内容不再自动在公共 IPFS 中查找。
then-routers = 从那时起，通过以下路由器搜索公共 IPFS：
then-gateways = 从那时起，公共 IPFS 的文件经由以下网关而来：
then-provide = 从那时起，你获取的内容也分享给其他人。
then-not-provide = 从那时起，你获取的内容不再分享给其他人。
then-private = 从那时起，除非你另有说明，你分享的内容都是私密的。
then-not-private = 从那时起，只有在你说明时，你分享的内容才是私密的。
then-session = 此浏览器当时换了对等方 ID，此后每次启动都会再换。
then-not-session = 此浏览器当时恢复了它保留的对等方 ID。
then-rest = 限制或其他设置当时有变化。
