# The page that a node shows for web links.
#
# 简体中文。称呼：你。引号：“…”。
# 词汇：share = 分享；fetch = 获取；node = 节点；peer = 对等方；provider = 提供者；storage = 存储处；hash = 哈希；
# link = 链接；web link = 网页链接；privately = 私密；background worker = 后台程序；upload = 上传；extension = 扩展；
# gateway = 网关；call = 调用。

title = 分享的文件
progress-label = 进度
try-again = 重试
about-page = 此页面从你打开的节点获取文件，并将每个字节与链接中的哈希比对。地址中 # 之后的内容只留在你的浏览器中。
waiting = 正在请求文件。如果节点没有这个文件，它会向分享者索取…
plain-checked = 每个字节都已与链接中的哈希比对。
private-checked = 每个字节都已与链接中的哈希比对，并在此浏览器中解密。
plain-streamed = 每个字节在显示或保存之前都会与链接中的哈希比对。
private-streamed = 每个字节在显示或保存之前都会与链接中的哈希比对，并在此浏览器中解密。
save = 保存
show = 显示
private = 私密
lacks-key = 这是一个私密文件，而链接中没有密钥，因此只能保存它的加密字节。请向发送者索取完整链接。
acts = 这类文件被打开时可能会执行操作，例如运行程序。这里从不打开它。请先保存，只有信任制作者时才打开。
cut = （其余内容在文件中。）
# The title of the frame in which a PDF is shown.
preview = 预览

## Files that are too large to be shown.

large-download = 文件太大，无法在此显示，但可以保存。
large-choice = 文件太大，无法在此显示，但可以保存到你选择的位置。
large-memory = 它太大，无法在此显示。为了保存它，此浏览器会将全部内容保留在内存中（{ $size }）：浏览器只有在使用 https 地址的页面上才能边接收边保存文件，而且并非在每个隐私窗口中都可以。
kept-in-memory = 为了保存它，此浏览器会将全部内容保留在内存中（{ $size }）：浏览器只有在使用 https 地址的页面上才能边接收边保存文件，而且并非在每个隐私窗口中都可以。
size-about = 约 { $size }
size-more-than = 超过 { $size }

## What was saved, and how many files there are.

saved-download = “{ $name }”已在下载文件夹中。
saved-memory = 浏览器已有“{ $name }”，可能会询问你是否保留。
saved-choice = “{ $name }”已保存。
save-named = 保存 { $name }
saved-as = “{ $name }”将保存为“{ $saved }”。
links-left-out = 以下符号链接未包含在内：
names-changed = 以下名称已被更改：
file-count =
    { $count ->
       *[other] { $count } 个文件
    }
file-count-listed =
    { $count ->
       *[other] { $count } 个文件，列出了前 { NUMBER($listed) } 个。扩展和 `fluence fetch` 可以保存全部文件。
    }

## What went wrong, and what to do next.

do-again = 请稍后重试。
do-ask-again = 请向发送者重新索取链接。
not-there = 节点没有这个文件，现在也联系不到任何分享它的人。
do-not-there = 分享者必须在线。请稍后重试。
node-busy = 节点正忙。
node-refused = 节点不提供这个文件。
node-unreachable = 无法连接到节点。
do-node-unreachable = 请检查网络连接，然后重试。
node-silent = 节点已有一段时间没有发送任何内容。
node-broken = 与节点的连接中断了。
not-saved = 浏览器没有保存文件。
cancelled = 保存已取消。
do-cancelled = 如果需要，请重新保存。
not-shown = 此文件无法在此显示。
do-not-shown = 请保存后查看。
key-gone = 此私密链接的密钥已不在地址中：此页面在打开时已将其取出，以免有人在那里看到它。
do-key-gone = 请再次打开发送给你的链接。
not-secure = 浏览器只在使用 https 地址的页面上解密。
do-not-secure = 请在节点的 https 地址上打开链接，或用扩展获取。
no-file = 这个地址指向一个节点，而不是文件。
do-no-file = 文件的链接在 # 之后带有文件的哈希。
not-a-link = 这不是文件的链接。
bad-key = 链接末尾的密钥不完整。
do-bad-key = 请复制完整的链接，直到最后一个字符。
wrong-bytes = 节点发送的内容与链接所指的不同，因此没有使用其中任何内容。
do-wrong-bytes = 请在另一个节点上打开链接，或用扩展获取。
unverifiable = 文件的哈希方式是此页面无法验证的。
do-unverifiable = 请向分享者索取另一个链接。
not-a-file = 这不是可以在此打开的文件或文件夹。
not-decrypted = 浏览器无法解密。
not-private = 链接带有密钥，但它指向的并不是私密分享。
wrong-key = 链接中的密钥无法打开它。
altered = 链接指向的内容在加密后被更改或截断，因此没有再使用其中任何内容。
bad-archive = 链接指向的内容含有无法接收的文件。
