# What happened to a file, a line each; and why there is no connection to a node.
#
# 简体中文。称呼：你。引号：“…”。
# 词汇：share = 分享；fetch = 获取；node = 节点；peer = 对等方；provider = 提供者；storage = 存储处；hash = 哈希；
# link = 链接；web link = 网页链接；privately = 私密；background worker = 后台程序；upload = 上传；extension = 扩展；
# gateway = 网关；call = 调用。

hashed = 已计算 { $size } 的哈希：{ $cid }
shared-again = 再次分享：是同一个文件。
fetched-again = 也通过另一个链接获取：是同一个文件。
reached = 已公布，能查找到，也能从外部连接到。
not-reached-yet = 从外部还找不到；正在重试。
no-longer-reached = 从外部已找不到；正在重新公布。
requested = { $peer } 请求了它。
more-requested =
    { $count ->
       *[other] 又被请求了 { $count } 次。
    }
of-peer = { $peer }：{ $what }
already-stored = 存储处已有它；无需上传。
expired = 按照设定，不再分享。
released = { $host } 已移除其副本。
kept-for-others = { $host } 保留了一份副本，因为别人也把此文件放在那里，或其运营者想要保留。
not-held = { $host } 没有以你的名义保留任何内容。
not-released = 无法请求 { $host } 移除其副本。
uploading = 正在上传到 { $address }。
part-failed = 有一部分需要重新发送。{ $what }
uploaded = 已上传：{ $size }。
upload-failed = 上传失败。{ $what }
upload-failed-after = 上传 { $size } 后失败。{ $what }
not-given = { $peer } 没有得到它。
resumed-after-restart = 重启后继续。
resumed-online = 继续：网络已恢复。
began-again = 保留的内容已损坏；重新开始。
storage-named = { $peer } 说它在 { $host }。
public-gateway = 这里没有人分享它；正在询问公共 IPFS 的网关 { $host }。
still-stored = 目前没有人提供它，但 { $host } 的存储处仍有。
storage-silent = { $host } 已有 { NUMBER($seconds) } 秒没有新内容；正在询问其他来源。
storage-changed = 从 { $host } 继续。
storages-added = 它也存储在 { $hosts }；同时使用全部来源。
one-storage-left = 用一个存储处继续。{ $what }
single-blocks = 正在请求单个块。{ $what }
links-left-out = 保存的文件不包含以下符号链接：{ $names }。
names-changed = 保存时更改了以下不能使用的名称：{ $names }。
kept = 其中 { $size } 已在这里并通过验证。
fetched = 全部已在这里并通过验证：{ $size }。
unknown = 发生了此版本不了解的事。

## Files that were refused together with one that is named.

and-others-refused =
    { $count ->
       *[other] 另有 { $count } 个文件被拒绝。
    }

## Why there is no connection to a node: clauses, whose subject "it" is the node.

link-lost = 与节点的连接已断开
link-closed = 它关闭了连接
link-unreachable = 无法建立连接
link-dial-timeout = 它没有回应
link-unsupported-address = 从这里无法连接这类地址
link-wrong-peer = 在那里回应的是另一个对等方 { $peer }
link-own-address = 这是此对等方自己的地址
link-too-many-connections = 打开的连接太多
link-reservation-refused = 它拒绝了预留请求
link-reservation-timeout = 它没有回应预留请求
link-reservation-ended = 节点结束了预留
link-ping-timeout = 节点太久没有回音
link-not-listening = 此节点没有在任何地方监听
link-of-node = { $node } 无法使用：{ $cause }
link-others-too = { $cause }，设置中的其他节点也都无法使用
