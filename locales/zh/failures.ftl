# What went wrong, what to do next, and why: the words of failures. English is the text that is translated.
#
# Every message here can have these variables: $host (a server), $peer (the id of a peer), $name (of a file, a setting or
# a function), $detail (the words of another program), $codec, $status (an HTTP status), $code, $reason (one of the
# clauses at the end), $limit-size and $size (with its unit), $limit (a number).
#
# The names of buttons in quotation marks are those of files.ftl and settings.ftl.
#
# 简体中文。称呼：你。引号：“…”。
# 词汇：share = 分享；fetch = 获取；node = 节点；peer = 对等方；provider = 提供者；storage = 存储处；hash = 哈希；
# link = 链接；web link = 网页链接；privately = 私密；background worker = 后台程序；upload = 上传；extension = 扩展；
# gateway = 网关；call = 调用。

## What happened.

not-here = 这里无法执行此操作。
bad-link-empty = 还没有可获取的内容：请粘贴哈希（以 Qm 或 bafy 开头）或 fluence: 链接。
bad-link-too-long = 太长了，不可能是哈希或链接。
bad-link-not-a-file = 这个 CID 所指的不是文件（编解码器 { $codec }）。
bad-link-inside-folder = “{ $detail }”在私密分享里，而私密分享只能整个获取。
bad-link-no-such-entry = 这个文件夹里没有“{ $detail }”。
bad-link-lowered-cid = “{ $detail }”不是文件的哈希：{ $reason }。
bad-link-bad-key = 链接末尾 # 之后的密钥已损坏或不完整。
bad-link = “{ $detail }”不是文件的哈希。
paused-fetch = 你已暂停。
paused-upload = 发送过程中你暂停了分享。
paused = 你在全部读取完之前停止了它。
stopped = 你停止了上传。
interrupted-upload = 上传中断了。
interrupted = 还没有准备好就中断了。
interrupted-click = 你点击的内容没有被分享：它太大，无法在扩展重新启动期间保留。
file-gone = 存储的文件丢失或被更改。
bad-setting-too-many-nodes =
    { $limit ->
       *[other] 节点超过 { $limit } 个。
    }
bad-setting-too-long = “{ $name }”太长。
bad-setting-zero = 大小必须在 1 字节到 9 PB 之间。
bad-setting-bad-url = “{ $name }”不是 IPFS 节点的地址。
bad-setting-bad-folder-name = “{ $name }”不能作为文件夹的名称。
bad-setting = “{ $name }”不是节点的地址：{ $reason }。
bad-setting-unknown = 某项设置的值无效。
bad-settings-file-bad-value = 无法读取此文件中“{ $name }”的值。
bad-settings-file-newer-version = 这些设置来自更新版本的 Fluence Share。
bad-settings-file-too-long = 此文件太大，不可能是设置文件。
bad-settings-file = 这不是 Fluence Share 的设置文件。
bad-identity-file = 此文件不包含可在这里使用的身份。
wrong-passphrase = 此口令无法打开该文件。
node-list = { $host } 的节点列表无法使用：{ $reason }。
call-failed = { $name } 没有给出结果：{ $reason }。
unknown-item = 此文件已不在列表中。
too-many-items = 列表中已有 { $limit } 个文件。
too-large = 它超过了设置允许的上限 { $limit-size }。
disk-full = 磁盘上没有剩余空间。
room-full = 空间不够：所有文件总共只能占用 { $limit-size }。
budget = 有人请求了它，但它超过了你设置的上传上限 { $limit-size }。
day-budget = 有人请求了它，但它超出了你设置的每日上传上限 { $limit-size }。
metered = 有人请求了它，但你不允许通过按流量计费的网络上传。
store-failed-fetch = 写入文件时磁盘出错。
store-failed = 存储或读取文件时磁盘出错。
source-unreachable = 无法连接到 { $host }。
source-silent = { $host } 太久没有发送任何内容。
source-broken = { $host } 的回应中断了。
http-status-401 = { $host } 拒绝提供此文件（{ $status }）。
http-status-404 = { $host } 没有这个文件（{ $status }）。
http-status-429 = 向 { $host } 请求得过于频繁（{ $status }）。
http-status-500 = { $host } 未能提供此文件（{ $status }）。
http-status = { $host } 没有提供此文件（{ $status }）。
login-page = { $host } 发送的是网页而不是文件，很可能是登录页面。
bad-folder-too-many-files = 文件夹中的文件超过 { $limit } 个，太多而无法用一个哈希分享。
bad-folder = “{ $name }”无法在文件夹中分享：{ $reason }。
bad-folder-unknown = 这些文件无法作为文件夹分享。
bad-address-bad-data-url = 图片的 data: 地址已损坏。
bad-address-unsupported-scheme = { $name }: 地址上的内容无法从这里分享。
bad-address-too-long = 这个地址太长。
bad-address = 这不是网络上的地址。
page-gone = 只有页面自身能读取它，而页面没有读取。
needs-access = 浏览器还不允许 Fluence Share 从 { $host } 读取。
needs-click = 浏览器需要你单击一次，才会再次读取该文件。
not-allowed = 没有从 { $host } 分享任何内容：浏览器未获准在那里读取。
offline = 没有网络连接。
no-provider = 找不到任何拥有此文件的人。
provider-gone = 找到了一个提供者，但{ $reason }。
bad-answer = 提供者 { $peer } 给出的回应无法使用：{ $reason }。
wrong-bytes-banned = 提供者 { $peer } 指向 { $host }，而后者发送过错误的字节。
wrong-bytes = { $host }（由提供者 { $peer } 指出）发送的字节不属于此文件。
stalled = { $host } 太久没有发送新内容。
storage-gone-fetch = { $host } 的存储处不发送文件：{ $reason }。
storage-gone = { $host } 的存储处不接收文件：{ $reason }。
bad-dag = 这个哈希所指的不是可以获取的文件：{ $reason }。
not-opened-not-private = 链接带有密钥，但它指向的并不是私密分享。
not-opened = 无法打开私密分享：{ $reason }。
bad-storage = 节点指出的存储处地址无法使用。
no-storage = 节点没有指出存储处：{ $reason }。
no-storage-found = 有人请求了它，但连接不到任何带存储处的节点。
busy-upload = 有人请求了它，但节点现在太忙，无法存储。
busy = 一次请求的内容太多。
refused-upload = 存储处拒绝接收文件。
refused-fetch = 提供者拒绝了。
refused = 被拒绝了。
quota = { $host } 的存储处没有空间存放此文件。
storage-refused = { $host } 的存储处拒绝了此文件。
own-ipfs = 有人请求了它，但你的 IPFS 节点不接收：{ $reason }。
rpc-unreachable = { $host } 没有回应。
rpc-failed-status = { $host } 的回应是 { $status }；IPFS 节点的 RPC 会回应 200。
rpc-failed-malformed = 在 { $host } 回应的不是 IPFS 节点的 RPC。
rpc-failed = { $host } 的 IPFS 节点不接收文件。
origin-refused = { $host } 不允许此扩展访问：IPFS 节点只接受来自其配置中所列来源（origin）的调用。
gateway-unreachable = 在 { $host } 连接不到网关。
gateway-failed = 对于节点已有的块，{ $host } 的网关回应了 { $status }。
another-node = { $host } 的网关没有 { $name } 的 RPC 刚刚接收的内容：它们不属于同一个节点。
not-saved = “{ $name }”没有保存到下载文件夹。
journal-failed = 刚刚发生的事无法记录下来。
journal-damaged =
    { $size ->
       *[other] 部分记录无法读取：丢失了 { $size } 条记录。
    }
journal-lost = 记录无法打开，因此新建了一个列表。
settings-damaged = 部分设置无法读取，已恢复默认值：{ $name }。
identity-lost = 此对等方的身份无法读取，因此换了新的身份。
not-renewed = 此浏览器保留原来的身份，因为新身份无法使用：{ $detail }。
not-sent = 此页面与后台程序之间的消息无法发送。
no-answer = 后台程序在回应之前停止了；不过它可能已经开始执行。
handover = 后台程序没有接收文件。
unknown = 发生了此版本不了解的错误（{ $code }）。

## What to do next, for somebody who uses the extension.

do-not-here = 请使用浏览器扩展。
do-bad-link-inside-folder = 要获取全部内容，请去掉哈希与“#”之间的路径。
do-bad-link-no-such-entry = 请检查哈希之后的路径。要获取整个文件夹，请去掉路径。
do-bad-link-not-a-cid = 哈希以 Qm 或 bafy 开头。请检查是否复制完整。
do-bad-link-ipns-name = 请按它所指内容的哈希获取。
do-bad-link-bad-key = 请重新复制完整的链接。
do-bad-link-too-long = 请只复制链接，不要带上周围的文字。
do-bad-link-peer-id = 这是一个对等方的名称。请粘贴其文件的链接。
do-bad-link-not-a-file = 只能获取文件和文件夹。
do-bad-link = 请向分享此文件的人索取链接。
do-paused-fetch = 选择“继续”即可继续；已收到的内容会保留。
do-paused-upload = 当你继续分享并且有人请求时，它会继续。
do-paused = 其中没有任何内容被分享。
do-stopped = 当文件再次分享并且有人请求时，它会继续。
do-interrupted-upload = 有人请求此文件时，它会重新开始。
do-interrupted-fetch = 选择“重试”即可继续。
do-interrupted = 请重试，或重新选择文件。
do-interrupted-click = 请再点击一次。
do-file-gone-fetch = 请重新获取。
do-file-gone = 请重新分享此文件。
do-bad-setting-too-many-nodes = 请删除其中一些。
do-bad-setting-zero = 请选择其他大小。
do-bad-setting-bad-url = 地址的形式如 http://127.0.0.1:5001。
do-bad-setting-bad-folder-name = 请使用简单的名称，不要含有 / 以及系统禁止的其他字符。
do-bad-setting = 地址的形式如 /dns4/node.example.org/tcp/443/tls/ws。
do-bad-settings-file-newer-version = 请更新扩展。这里没有更改任何内容。
do-bad-settings-file = 请选择用“导出设置”生成的文件。这里没有更改任何内容。
do-bad-identity-file = 请选择用“保存身份”生成的文件。这里没有更改任何内容。
do-wrong-passphrase = 请重新输入。这里没有更改任何内容。
do-node-list-unreachable = 请检查地址，稍后重试。
do-node-list = 请询问给你地址的人。主机的列表位于 https://HOST/.well-known/fluence-nodes。
do-call-failed-bad-function = 请更正后再次调用。
do-call-failed = 请检查名称，或稍后重试。
do-unknown-item = 请再看一下列表。
do-too-many-items = 请移除一些不再需要的文件。
do-too-large-fetch = 请在设置中提高上限，然后选择“重试”。
do-too-large = 请在设置中提高上限，或只分享一部分。
do-budget = 请在设置中提高上限，或用其他方式分享。
do-day-budget = 明天有人请求时会上传；也可以在设置中提高上限。
do-metered = 当你使用其他网络并且有人请求时，它会上传。
do-room-full-fetch = 请选择列表下方的“释放空间”或在设置中提高上限，然后选择“重试”。
do-room-full = 请选择列表下方的“释放空间”或在设置中提高上限，然后重新分享。
do-disk-full-share = 请释放一些空间并重新分享；没有保留任何内容。
do-disk-full-fetch = 请释放一些空间，然后选择“重试”；已收到的内容会保留。
do-disk-full = 请释放一些磁盘空间，或在这里移除文件。
do-store-failed-share = 请重新分享；如果再次失败，请检查磁盘。
do-store-failed = 请重试；如果再次失败，请检查磁盘。
do-source-unreachable = 请检查地址和网络连接，然后重试。
do-source-silent = 请稍后重试。
do-source-broken = 请重试。
do-http-status-401 = 请在此浏览器中登录该网站，然后重试。
do-http-status-404 = 请检查链接；它可能已过期。
do-http-status-429 = 请几分钟后重试。
do-http-status-500 = 请稍后重试；问题出在对方，不在这里。
do-http-status = 请在标签页中打开链接，看看那里有什么。
do-login-page = 请在标签页中打开文件并登录，然后重试。也可以在该行的菜单中直接分享这个网页。
do-bad-folder-name-collision = 请重命名，然后重新分享文件夹。
do-bad-folder = 请单独分享这些文件，或只分享文件夹的一部分。
do-bad-address-not-an-address = 请从 https:// 开始复制完整地址。
do-bad-address = 请用浏览器保存它，然后分享该文件。
do-page-gone = 请重新加载页面后重试，或保存文件后再分享。
do-needs-access = 请单击 Fluence Share 按钮并选择“允许访问”；随后会继续分享。
do-needs-click = 它在原处被分享，这里不存储其内容。请选择“开始分享”；在弹出窗口中，一次单击即可用于所有此类文件。
do-not-allowed = 请重试并允许访问，或保存文件后再分享。
do-offline = 连接恢复后会自动继续。
do-no-provider = 请检查哈希，或请分享者打开浏览器；然后选择“重试”。
do-provider-gone = 请让分享者打开浏览器，然后重试。
do-bad-answer = 请重试。如果没有用，对方需要更新程序。
do-wrong-bytes = 没有保留其中任何字节。请重试以询问其他提供者。
do-stalled-fetch = 请重试；已收到的内容会保留。
do-stalled = 有人请求此文件时会再次尝试，可能的话换一个地方。
do-bad-dag = 请向分享者索取正确的哈希，或请其重新分享。
do-not-opened = 没有保留任何内容。请向分享者索取完整的链接。
do-bad-storage = 请在设置中选择其他节点。
do-no-storage = 请检查网络连接以及设置中的节点。
do-busy-upload = 有人请求此文件时会再次尝试。
do-busy = 请稍等片刻再试。
do-refused-upload = 有人请求此文件时会再次尝试。你也可以设置其他节点。
do-refused = 请稍后重试，或询问分享者。
do-quota = 请等到存储处再有空间，或在设置中选择其他节点。
do-storage-refused = 请在设置中选择其他节点，或稍后重试。
do-own-ipfs = 请启动你的 IPFS 节点，然后打开设置并选择“测试”，它会说明问题所在。
do-rpc-unreachable = 请启动 IPFS 节点（`ipfs daemon`），并用 `ipfs config Addresses.API` 查看地址。
do-rpc-failed-status = 请检查该地址是否为 RPC 的地址，通常是 http://127.0.0.1:5001。
do-rpc-failed = 必须是 Kubo 0.42 或更高版本，并且磁盘上有空间。它自己的日志里有更多信息。
do-origin-refused = 如果那是你的 IPFS 节点，请运行此命令，然后停止并重新启动节点：{ $name }
do-gateway-unreachable = 请启动 IPFS 节点（`ipfs daemon`），并用 `ipfs config Addresses.Gateway` 查看地址。
do-gateway-failed = 请检查该地址是否为网关的地址，通常是 http://127.0.0.1:8080。
do-another-node = 请用 `ipfs config Addresses` 查看这两个地址。
do-not-saved = 请选择“保存”重试；并检查磁盘上是否有空间。
do-journal-failed = 会自动重试，只有浏览器在此之前关闭才会丢失。
do-journal-damaged = 其余内容都在。记录丢失的文件以其哈希列出。
do-settings-damaged = 请打开设置，重新设定。
do-identity-lost = 你分享的内容会用新身份重新公布。
do-not-renewed = 请检查磁盘上是否有空间，然后重试。
do-not-sent = 请关闭此页面后重新打开。
do-no-answer-share = 请看一下列表，如果没有动静就重试。
do-no-answer = 请看看是否已完成，如果没有就重试。
do-handover = 请重新选择，或一次少选一些。
do-unknown = 请查看是否有更新的版本。

## Why: clauses, which follow a colon or a comma.
## Their subject "it" is what the sentence is about: the provider, the storage, the file or the address.

reason-empty = 内容为空
reason-too-long = 太长
reason-not-a-cid = 不是 CID
reason-not-a-file = 所指的不是文件
reason-inside-folder = 在文件夹里
reason-no-such-entry = 没有这一项
reason-lowered-cid = 这个哈希丢失了大写字母
reason-peer-id = 是对等方的 ID
reason-ipns-name = 是 IPNS 名称
reason-bad-key = 密钥不完整
reason-unreachable = 无法连接
reason-silent = 太久没有回音
reason-broken-off = 回应中断了
reason-status = 回应是 { $status }
reason-no-reply = 没有及时回应
reason-malformed = 回应无法理解
reason-no-such-function = 已不再提供此文件
reason-refused = 拒绝了
reason-busy = 正忙
reason-unavailable = 手头没有存储处
reason-bad-request = 不理解此调用
reason-internal = 出错了
reason-no-address = 没有指出存储处
reason-bad-address = 指出的地址不是存储处的地址
reason-banned = 指出的存储处发送过错误的字节
reason-partial = 只发送了一部分
reason-too-much = 发送的比请求的多
reason-lost = 内容还没有写入就在此电脑上丢失了
reason-no-cars = 不发送 CAR
reason-bad-car = 发送的不是 CAR
reason-unexpected-block = 发送的块不是下一个块
reason-repeated-blocks = 重复发送相同的块
reason-block-too-large = 有一个块太大
reason-unknown-hash = 使用了不支持的哈希函数（{ $codec }）
reason-short-digest = 摘要太短，无法证明任何东西
reason-unknown-codec = 有一个块不属于文件（编解码器 { $codec }）
reason-bad-node = 有一个块不是 UnixFS 节点
reason-contradiction = 各块互相矛盾
reason-symbolic-link = 是符号链接或元数据
reason-too-many-blocks = 块太多（允许 { $limit } 个）
reason-too-many-files = 文件太多（允许 { $limit } 个）
reason-too-deep = 嵌套太深
reason-paths-too-long = 路径太长
reason-incomplete = 内容不完整
reason-damaged-record = 保留的内容已损坏
reason-not-private = 不是私密分享
reason-wrong-key = 链接中的密钥不是它的密钥
reason-altered = 有一部分被更改
reason-bad-archive = 其中的内容不是可以分享的文件或文件夹
reason-empty-name = 路径中有空名称
reason-dot-name = 路径中有名为“.”或“..”的部分
reason-zero-byte = 名称中有零字节
reason-same-name = 另一个文件同名
reason-name-collision = 名称与另一个名称的哈希相同
reason-too-many-nodes = 节点超过 { $limit } 个
reason-bad-node-address = 地址应以 /ip4/、/ip6/ 或 /dns4/ 开头
reason-bad-host = 其中没有 IP 地址或主机名
reason-bad-port = 端口必须是 1 到 65535 的数字
reason-not-web-socket = 浏览器需要 WebSocket 地址，…/tcp/PORT/ws 或 …/tcp/PORT/tls/ws
reason-bad-peer-id = /p2p/ 之后的内容不是对等方的 ID
reason-bad-url = 不是 http:// 或 https:// 地址
reason-zero = 必须大于零
reason-bad-folder-name = 不能作为文件夹的名称
reason-newer-version = 来自更新的版本
reason-bad-value = 其中有一个值无法读取
reason-no-nodes = 其中没有浏览器可以连接的节点
reason-not-secure = 必须是 https:// 地址
reason-bad-function = 函数名为 1 到 256 个字节，且不含空格
reason-bad-arguments = 参数不是 JSON 对象
reason-no-function = 找不到提供它的人
reason-bad-data-url = data: 地址已损坏
reason-unsupported-scheme = 无法读取这类地址
reason-not-an-address = 不是网络上的地址
reason-unknown = 此版本不了解其原因

## In the place of a value that is not known.

unset-host = （未知服务器）
unset-peer = （未知）
unset-name = （未知）
unset-limit = （上限）
unset-status = 错误
unset-codec = 未知
unset-reason = 原因未知
unset = （未知）
