# The page of the network.
#
# 简体中文。称呼：你。引号：“…”。
# 词汇：share = 分享；fetch = 获取；node = 节点；peer = 对等方；provider = 提供者；storage = 存储处；hash = 哈希；
# link = 链接；web link = 网页链接；privately = 私密；background worker = 后台程序；upload = 上传；extension = 扩展；
# gateway = 网关；call = 调用。

## The page of the network.

network-you = 此浏览器
network-sent-today = 今天已上传
network-fetched-today = 今天已获取
network-peers = 已连接的对等方
network-nodes = 与节点的连接
network-nodes-none = 没有节点。
network-reachable = 其他人可以通过节点连接到此浏览器。
network-not-yet = 正在建立与节点的连接。
nodes-change = 更改节点
calls = 调用
calls-help = 最近 50 次双向的函数调用，实时显示。文件的名称被省略，因为知道名称的人就能获取文件。
calls-none = 还没有调用。当你分享或获取内容时，以及其他人向你请求时，调用会显示在这里。
call-when = 时间
call-way = 方向
call-in = 入
call-out = 出
call-function = 函数
call-peer = 对等方
call-took = 用时
call-result = 结果
call-runs = 进行中
call-good = 已回应
call-title = 调用函数
call-lead = 这里的一切都是函数调用。例如，IPFS_multiaddr 返回一个存储处的地址。
call-name = 名称
call-args = 参数（JSON）
call = 调用
calling = 正在调用…
called = 有回应了。
call-reply = 回应

## Calls.

replied = { $peer } 在 { $time } 后回应。
call-no-reply = 没有回应
call-not-reached = 无法连接
call-not-provided = 未提供
call-refused = 被拒绝
call-busy = 正忙
call-no-storage = 没有存储处
call-not-understood = 未被理解
call-did-fail = 失败
