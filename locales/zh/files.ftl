# The popup, the tab and the side panel: the connection, the field, the list of files and what can be done with them.
#
# 简体中文。称呼：你。引号：“…”。
# 词汇：share = 分享；fetch = 获取；node = 节点；peer = 对等方；provider = 提供者；storage = 存储处；hash = 哈希；
# link = 链接；web link = 网页链接；privately = 私密；background worker = 后台程序；upload = 上传；extension = 扩展；
# gateway = 网关；call = 调用。

## The connection.

network-starting = 正在启动…
network-no-node = 没有设置节点
network-connecting = 正在连接…
network-online = 可以分享和获取
network-offline = 未连接
network-unreachable = 可以获取，不能分享
unreachable-advice = 节点没有余量让别人通过它连接到你。你可以获取，但没有人能从你这里获取。它会自动重试；其他节点可能有余量。
network-label = 连接
no-node-advice = 要分享和获取，Fluence Share 需要至少一个节点的地址。请向运行节点的人索取，或自己运行一个。
no-node-button = 添加节点
try-now = 立即重试
worker-starting = 正在启动…
worker-lost = 后台程序已停止。正在重新连接…
worker-silent = 后台程序没有回应。重启扩展不会丢失已分享或已获取的内容。
worker-reload = 重启 Fluence Share
worker-strange = 此页面与后台程序的版本不同。请关闭此页面后重新打开。

## The header and the theme.

open-tab = 在标签页中打开
open-panel = 在侧边栏中打开
panel-refused = 浏览器没有打开侧边栏。
settings = 设置
back = 返回文件列表
theme = 颜色
theme-auto = 跟随系统
theme-light = 浅色
theme-dark = 深色

## The field in which one pastes, and onto which one drops.

give = 获取或分享
give-hint = 粘贴链接或拖入文件
fetch = 获取
fetch-given = 这来自链接或地址栏。在你按“获取”之前，不会获取任何内容。
fetch-paste = 从剪贴板粘贴
fetch-paste-refused = 浏览器不允许读取剪贴板。请单击输入框并按 Ctrl+V（Mac 上按 ⌘V）。
share-choose = 选择文件
share-folder = 文件夹
share-drop-now = 松开即可分享
share-how = 如何分享多个文件
share-each = 每个文件一个链接
share-together = 全部作为文件夹，共用一个链接
share = 分享
cancel = 取消
share-handing = 正在将文件交给后台程序。请让此页面再开一会儿…
share-empty = 拖入的内容中没有文件。
# The name of a file that is made of a text from the clipboard.
pasted-text = 粘贴的文本
share-unreadable = 有些内容无法读取。请检查它们是否还在并且可读，然后重新拖入。
share-big = 选择很多文件或大文件时，在标签页中更方便：

## What is at the link in the field.

looking = 正在询问谁在分享它…
look-here = 它已在你的列表中。
look-private = 私密文件，其名称和类型都加密在文件中。
look-acts = 这类文件被打开时可能会执行操作，例如运行程序。这里从不打开它；只有信任制作者时才获取。
lacks-key = 这可能是加密的内容：一个私密文件，但链接缺少密钥（即从 # 开始的部分）。请向发送者索取完整链接，并粘贴到这里。
look-from = 来自 { $peer }（在线）
look-nobody = 目前没有在线的人分享它。
kind-image = 图片
kind-video = 视频
kind-audio = 音频
kind-document = 文档
kind-archive = 压缩包
kind-folder = 文件夹

## The files on the page.

page-title = 此页面
page-reading = 正在页面上查找文件…
page-none = 此页面上没有文件
page-none-advice = 没有从它下载过内容，它也没有指向文件的链接。右键单击页面上的任何内容即可分享。
page-downloads = 从这里下载的
page-links = 在此页面上
page-closed = 无法读取此页面
page-closed-advice = 浏览器不允许扩展读取它。在其他页面上，其文件会显示在这里。
page-links-refused = 浏览器不允许 Fluence Share 读取此页面；请在该页面上从工具栏打开它，以查看其中的链接。
page-sharing = 正在分享…
page-all = 全选

## The question for permission.

access-allow = 允许访问
access-not-now = 暂不
access-refused = 没有获得访问权限，因此没有读取任何内容。你可以随时允许。

## The list of items.

items-title = 你的文件
filter-all = 全部
filter-shared = 已分享
filter-fetched = 已获取
search = 搜索你的文件
empty-all = 这里还没有内容
empty-all-advice = 在任何页面上右键单击链接、图片或视频，选择“通过 Fluence 分享”，或将文件拖到这里。要获取文件，请在上方粘贴链接。
empty-shared = 还没有分享任何内容
empty-shared-advice = 将文件拖到这里，或右键单击页面上的内容并选择“通过 Fluence 分享”。
empty-fetched = 还没有获取任何内容
empty-fetched-advice = 将别人发给你的链接粘贴到上方的输入框。
empty-search = 没有匹配的文件
empty-search-advice = 请尝试名称、备注或哈希的一部分。

## The room that the files take.

free = 释放空间
room-short = 空间快用完了。
free-fetched = 已获取的
free-stopped = 不再分享的
free-failed = 失败的
free-week = 一周未使用的
free-month = 一个月未使用的
free-listed = 列出的全部
free-help = 你保存的副本会保留。

## The order of the files, and those that are selected.

sort-title = 排序和整理
clear-old = 移除旧内容…
select = 选择文件
selected-label = 选中的文件
remove-selected = 要移除吗？
select-end = 完成
copy-links = 复制链接
copy-link = 复制链接
copy-web-link = 复制网页链接
web-help = 它可以在任何浏览器中打开，无需 Fluence Share。
web-local-help = 它可以在此电脑的任何浏览器中打开，因为节点就在此电脑上。
# Opens the system's own dialog, from which other programs send the link.
send-link = 发送链接…
send-refused = 浏览器未能发送链接。请改为复制它。
qr = 显示二维码
qr-web = 用手机摄像头对准它：文件会在手机的浏览器中打开。
qr-link = 这是供另一台设备上的 Fluence Share 使用的链接。
qr-too-long = 链接太长，无法生成二维码。请改为复制。
close = 关闭
copied = 已复制
link-copied = 链接已复制
copy-refused = 浏览器不允许复制。请在详情中选中链接并复制。
copy-refused-short = 未复制
save = 保存
save-again = 再次保存
stop = 停止分享
again = 开始分享
share-too = 也分享给其他人
choose-again = 重新选择
copies = 在存储处
pause = 暂停
resume = 继续
discard = 丢弃
retry = 重试
share-page = 分享网页
remove = 移除
now-label = 现在
needs-access = 需要你的许可
details = 详情
more-actions = 更多
askers = 谁请求过
asked-when = 时间
asked-who = 对等方
asked-sent = 已上传
log-title = 发生了什么
log-reading = 正在读取…
log-empty = 还没有记录。
link = 链接
web-link = 网页链接
from = 来自
saved-as = 保存为
added = 添加时间
unknown-name = 一个文件
dismiss = 关闭提示
progress-label = 进度
ask-first = 为任何人上传之前先问我

## What is said with numbers and names.

network-with-colon = { $status }：
stalled-out = 已有一会儿没有进展
stalled-in = 已有一会儿没有收到内容
sort-newest = 最新的在前
sort-name = 按名称
sort-size = 最大的在前
sort-asked = 请求最多的在前
seconds-left = 剩余 { NUMBER($count) } 秒
minutes-left = 剩余 { NUMBER($count) } 分钟
hours-left = 剩余 { NUMBER($hours) } 小时 { NUMBER($minutes) } 分钟
days-left = 剩余一天以上
retry-now = 正在重试…
retry-in = { NUMBER($seconds) } 秒后重试。
under-a-millisecond = 不到 1 毫秒
millis-taken = { NUMBER($count) } 毫秒
paused-status-shared = 分享已暂停
paused-status-fetched = 已获取。分享已暂停
metered-status-shared = 等待其他网络
metered-status-fetched = 已获取。等待其他网络
somebody-asks = 对等方 { $peer } 想获取它。如果你一分钟内没有答复，对方就什么也得不到。
fetches-left =
    { $count ->
       *[other] 还可获取 { $count } 次
    }
shared-until = 到 { $moment } 为止
file-count =
    { $count ->
       *[other] { $count } 个文件
    }
remove-many =
    { $count ->
       *[other] 移除 { $count } 个文件
    }
share-many =
    { $count ->
       *[other] 分享 { $count } 个文件
    }
room-used = 已用 { $size }
room-free = 剩余 { $size }
and-more =
    { $count ->
       *[other] 和另外 { $count } 个文件
    }
selected-count =
    { $count ->
       *[other] 已选择 { $count } 个
    }
show-more =
    { $count ->
       *[other] 再显示 { $count } 个
    }
select-named = 选择 { $name }
more-about = { $name } 的更多操作
qr-of = { $name } 的链接的二维码
share-named = 分享 { $name }
too-many-files =
    { $limit ->
       *[other] 超过了 { $limit } 个文件。请打包成压缩文件，或分批分享。
    }
announcement = { $name }：{ $status }
saved = 已保存
saved-as-another = 已保存为“{ $name }”
names-changed =
    { $count ->
       *[other] { $count } 个名称已更改
    }

## The status of a file, in a few words.

status-waiting-for = 正在等待 { $host }
status-reading = 正在读取文件
status-hashing = 正在生成链接
status-announcing = 正在向网络公布
status-waiting = 正在等待联网
status-sending = 正在发送给别人
status-shared = 其他人可以获取
status-stopped = 不再分享
status-searching = 正在寻找拥有它的人
status-asked = 正在等待答复
status-downloading = 正在从 { $host } 获取
status-paused = 已暂停
status-interrupted = 已中断
status-fetched-sending = 已获取。正在发送给别人
status-fetched-waiting = 已获取。正在等待分享
status-fetched-shared = 已获取。你也在分享
status-fetched-announcing = 已获取。正在向网络公布
status-fetched = 已获取
status-cancelled = 已取消
status-needs-click = 等待单击后分享
status-not-shared = 未分享
status-not-fetched = 未获取

## What others can do with a file now.

now-not-from-you = 没有人能从你这里获取它。
now-only-yours = 你拥有它。你没有把它分享给其他人。
now-paused = 没有人能从你这里获取它，因为分享已暂停。
now-metered = 没有人能通过此网络从你这里获取它，因为它按流量计费。
now-offline = 在恢复连接之前，没有人能从你这里获取它。
now-announcing = 正在向网络公布。片刻之后，任何拥有链接的人都能获取它。
now-asks = 只要你的浏览器开着，任何拥有链接的人都可以请求它；你允许后对方才能得到。
now-shared = 只要你的浏览器开着，任何拥有链接的人都能获取它。
copy-until = 副本至 { $until }
copy-somewhere = 存储处有副本
still-at = { $hosts } 仍有一份副本
still-at-until = { $hosts } 仍有一份副本，直到 { $until }
still-for-others = 其他人在 { $hosts } 保留着一份副本
still-refused = { $hosts } 没有删除它
still-refused-until = { $hosts } 没有删除它，并保留副本直到 { $until }
removed-files =
    { $count ->
       *[other] 你移除的 { $count } 个文件：{ $what }
    }
removed-still-at = { $hosts } 仍有副本，直到其节点回应。
removed-still-at-until = { $hosts } 仍有副本，直到其节点回应，否则至少保留到 { $until }。
former-still-at = { $hosts } 仍有属于你以前身份的副本，直到在那里过期。
former-still-at-until = { $hosts } 仍有属于你以前身份的副本，至少保留到 { $until }。
removed-for-others = 其他人在 { $hosts } 保留着副本。
removed-refused = { $hosts } 没有删除副本。
removed-refused-until = { $hosts } 没有删除副本，并至少保留到 { $until }。
copy-for-others = { $host }，为同样放置了它的其他人保留
copy-not-taken-back = { $host }，没有删除它
kept-until = { $host }，至少保留到 { $until }
asked-times =
    { $count ->
       *[other] 被请求 { $count } 次
    }
uploaded-size = 已上传 { $size }

## Who asked, and what was uploaded for it.

more-calls =
    { $count ->
       *[other] 另外 { $count } 次调用
    }
sent-nothing = 无，存储处已有它
sent-uploading = 正在上传
sent-failed = 失败
sent-failed-after = { $size }，然后失败
sent-not-given = 无，未能上传
earlier-calls =
    { $count ->
       *[other] 此列表不再保留此前的 { $count } 次调用。
    }

## When a file stops being shared by itself.

ends-never = 由我手动停止
ends-one-fetch = 被获取一次之后
ends-five-fetches = 被获取五次之后
ends-hour = 一小时之后
ends-day = 一天之后
ends-week = 一周之后
ends-month = 30 天之后

## The question for permission.

access-this = 要分享此内容，Fluence Share 需要你允许它从 { $hosts } 读取。接下来浏览器会询问你；此许可不作他用。
access-one = 要分享“{ $name }”，Fluence Share 需要你允许它从 { $hosts } 读取。接下来浏览器会询问你；此许可不作他用。
access-many = 要分享“{ $name }”{ $more }，Fluence Share 需要你允许它从 { $hosts } 读取。接下来浏览器会询问你；此许可不作他用。
all-sites = 所有网站

## Before something is removed.

remove-partial = 要丢弃目前已获取的内容吗？
remove-shared = 要从 Fluence Share 中移除吗？其他人将无法再从你这里得到它；你自己的文件会保留。
remove-fetched = 要从 Fluence Share 中移除吗？你保存到磁盘的内容会保留。

## What is in a file or a folder, shown over the page.

show = 查看
show-named = 查看 { $name }
save-named = 保存 { $name }
preview-waiting = 正在打开…
preview-cut = 这是开头，其余内容在文件里。
preview-empty = 里面什么都没有。
preview-acts = 这类文件被打开时可能会运行程序或更改某些内容，因此这里从不打开它。请先保存，只有信任制作者时才打开。
preview-none = 这里不显示这类文件。请保存后用其他程序打开。
preview-large = 文件太大，无法在这里显示。请保存后用其他程序打开。
preview-broken = 浏览器无法显示它。请保存后用其他程序打开。
preview-document = 这类文档由浏览器自带的查看器显示。有些文档打开时会自行执行操作，所以只有你要求时才会打开。
preview-open = 打开文档
preview-back = 返回文件夹
preview-saved = 浏览器正在保存。
preview-here = 已收到 { $size }
preview-later = 再收到一些内容后就能查看。
preview-whole = 全部收到后就能查看。
preview-more = 正在等待其余内容…

## What is in a folder that is not here yet.

inside-show = 查看里面的内容
inside-upload-it = 请对方上传
inside-looking = 正在查看…
inside-nothing = 里面什么都没有。
inside-more = 里面的内容比这里列出的更多。获取整个文件夹即可得到全部内容。
fetch-named = 获取 { $name }
inside-upload-size = 目前没有存储处保存这个文件夹。要列出其内容，分享者需要把它全部上传到存储处，共 { $size }。之后你只获取自己选择的文件。
inside-upload-all = 目前没有存储处保存这个文件夹。要列出其内容，分享者需要把它全部上传到存储处。之后你只获取自己选择的文件。

## The name and the note of a file, before it is shared and after.

rename-and-note = 重命名和备注…
note-only = 备注…
name-label = 名称
note-label = 备注
note-hint = 只有你能看到
name-told = 从现在起，获取它的人会以这个名称得到它。链接保持不变。已发出的网页链接仍使用原来的名称。
name-sealed = 私密文件的名称与文件一起加密。要使用别的名称，请重新分享；届时它会有另一个链接。
name-private = 名称会与文件一起加密，因此分享之后无法更改。
name-later = 等它全部接收完成后，就可以更改名称。
names-first = 分享前填写名称和备注

## A QR code in a picture that is to be shared.

scanning = 正在图片中查找二维码。请让此页面再开一会儿…
scanned = 这张图片中的二维码指向：
scanned-follow = 查看它指向什么
scanned-share = 分享这张图片
