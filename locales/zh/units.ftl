# Sizes and speeds. Units are decimal (SI).
#
# 简体中文。称呼：你。引号：“…”。
# 词汇：share = 分享；fetch = 获取；node = 节点；peer = 对等方；provider = 提供者；storage = 存储处；hash = 哈希；
# link = 链接；web link = 网页链接；privately = 私密；background worker = 后台程序；upload = 上传；extension = 扩展；
# gateway = 网关；call = 调用。

bytes =
    { $count ->
       *[other] { $count } 字节
    }
kilobytes = { $size } kB
megabytes = { $size } MB
gigabytes = { $size } GB
terabytes = { $size } TB
petabytes = { $size } PB
exabytes = { $size } EB
per-second = { $size }/秒
of-total = { $part } / { $total }
