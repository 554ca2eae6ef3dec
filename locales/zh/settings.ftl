# The settings.
#
# 简体中文。称呼：你。引号：“…”。
# 词汇：share = 分享；fetch = 获取；node = 节点；peer = 对等方；provider = 提供者；storage = 存储处；hash = 哈希；
# link = 链接；web link = 网页链接；privately = 私密；background worker = 后台程序；upload = 上传；extension = 扩展；
# gateway = 网关；call = 调用。

## The settings.

options-nodes = 节点
options-nodes-help = 节点把你介绍给其他对等方，并暂存传送途中的文件。会使用最近的节点；文件交给此顺序中第一个愿意接收的节点。
options-nodes-text = 节点的地址
options-nodes-text-help = 每行一个，例如 /dns4/node.example.org/tcp/443/tls/ws。
options-nodes-reset = 使用默认值
options-nodes-none = 没有节点就无法分享或获取任何内容。
options-sharing = 我分享的内容
options-profile = 新哈希的形式
options-profile-2025 = bafy…（UnixFS 2025，推荐）
options-profile-2015 = Qm…（UnixFS 2015，用于旧程序）
options-copy = 立即复制链接
options-private = 私密：只有拥有链接的人才能读取
share-privately = 私密
private = 私密
private-help = 它在离开此浏览器之前就已加密。只有拥有链接的人才能读取它或看到它的名称。
options-ends = 停止分享
options-sent-day = 一天最多上传
options-sent-file = 可上传的最大文件
options-no-limit = 不限
options-metered = 也通过按流量计费的网络上传
options-metered-now = 我现在使用的网络按流量计费
options-metered-help = 并非每个浏览器都能识别哪些网络按流量计费。你在此处的选择在更改之前一直有效。
metered = 此网络按流量计费：不会通过它上传任何内容。之前上传的内容保留在其存储处。
metered-not = 它不按流量计费
ends-help = 你分享的内容何时自动停止分享
ends-as-set = 按设置
ends-change = 更改…
ends-label = 停止时间
pause-all = 暂停所有分享
resume-all = 继续分享
paused = 分享已暂停：没有任何内容离开此电脑。之前上传的内容仍在其存储处。
options-notify = 显示通知
options-fetching = 我获取的内容
options-save = 立即保存到下载文件夹
options-provide = 也分享给其他人
options-max = 文件大小上限
options-max-help = 更大的文件既不分享也不获取。
options-room = 所有文件的总空间
options-room-auto = 自动
options-copy-large = 分享大文件时复制它们
options-copy-large-help = 否则，16 MB 及以上的文件会在原处读取，不占用空间。浏览器重启后，单击即可再次分享。
options-ipfs = 我自己的 IPFS 节点
options-ipfs-use = 把我分享的内容放到我自己的 IPFS 节点上
options-ipfs-help = 用它代替节点提供的存储处。其他人会得知网关的地址，因此必须是他们能连接到的地址。
options-rpc = RPC 地址
options-gateway = 网关地址
options-test = 测试
options-testing = 正在测试…
options-test-good = 两者都回应正常。
options-test-local = 两者都回应正常，但此电脑之外没有人能连接到网关。请使用其他人能连接到的地址。
reading-title = 读取网站
reading-help = 要分享位于页面以外其他网站上的内容，Fluence Share 必须在那里读取。你从某个网站分享时，它会逐一询问，或一次询问全部。在你分享之前，不会读取任何内容。
private-windows = 在隐私窗口中 Fluence Share 什么也不做：它会保存你分享和获取的内容列表，而隐私窗口不应留下痕迹。
reading-allow = 允许所有网站
reading-every = 所有网站
reading-give-back = 收回
options-look = 外观
options-save-button = 保存设置
options-saving = 正在保存…
options-saved = 已保存。
options-unsaved = 有未保存的更改。
options-revert = 撤销更改
options-wrong = 上面有内容需要先再看一下。
public = 公共 IPFS
public-help = 如果这里没有人分享某个文件，可以在公共 IPFS 中查找。届时下面的路由器和网关会得知它的哈希和你的网络地址；它们发送的内容与其他内容一样会经过检查。
public-allow = 在公共 IPFS 中查找没有人分享的文件
public-routers = 路由器，知道谁拥有文件
public-gateways = 网关，在路由器指出的网关之后询问
public-question = 它可能在公共 IPFS 中。在那里被询问的一方会得知哈希和你的网络地址。
public-look = 在那里查找
public-never = 从不在那里查找
report = 保存报告
report-help = 如果出现问题，报告可以帮助别人查找原因。它说明发生了什么以及何时发生。名称、链接、密钥、哈希、对等方和地址都以编号代替。
keys = 快捷键和链接
key-none = 未设置
keys-help = 浏览器在一个页面上管理所有扩展的快捷键，你可以在那里更改：chrome://extensions/shortcuts。
keys-help-firefox = 浏览器在一个页面上管理所有扩展的快捷键，你可以在那里更改：about:addons 菜单中的“管理扩展快捷键”。
keys-change = 更改快捷键
keys-refused = 浏览器没有打开其页面。请在地址栏中输入它的地址。
keyword-help = 在地址栏中输入 fl、一个空格以及链接或哈希，即可查看它是什么并获取。
links-help = 以 web+fluence: 或 ipfs: 开头的链接可以从任何页面在这里打开。在你按“获取”之前，不会获取任何内容。
links-ask = 在这里打开此类链接
links-asked = 浏览器会在地址栏内或旁边询问。
links-at-click = 首次单击此类链接时，浏览器会询问用哪个程序打开。
links-refused = 浏览器不允许扩展打开此类链接。请改为将它们复制到输入框。
options-about = 关于
options-about-text = 一切都是函数调用：文件就是一个由其所有者应答的函数。在有人请求之前，没有任何内容离开你的浏览器；你获取的每个字节都会与其哈希比对。
options-version = 版本

## The settings, further: nodes, notifications, identity, and the settings file.

options-folder = 下载文件夹中的文件夹
options-folder-none = 无
options-notices = 通知
notify-shared = 文件已分享
notify-fetched = 文件已到达
notify-failed = 出现失败
notify-asked = 有人请求我希望先被询问的文件
options-advanced = 高级
options-advanced-help = 哈希的形式、限制、节点的地址、你自己的 IPFS 节点
options-limits = 限制
node-add = 添加
node-add-label = 节点或节点列表的地址
node-add-help = 例如 /dns4/node.example.org/tcp/443/tls/ws，或用 https://example.org 表示某个群组的列表。
node-adding = 正在读取列表…
node-qr = 显示为二维码
node-qr-help = 扫描它的人会得到这个地址。在 Fluence Share 中，可以在这里读取它的图片。
node-qr-of = 地址 { $address } 的二维码
node-scan = 读取二维码
node-scan-none = 这张图片中没有包含节点地址或节点列表地址的二维码。
node-known = 此节点已在列表中。
nodes-known = 这些节点已在列表中。
node-up = 上移：更早使用
node-down = 下移：更晚使用
node-remove = 移除此节点
node-test = 测试
node-testing = 正在连接…
node-unsaved = 尚未使用：请保存设置
node-connecting = 正在连接…
node-spare = 未连接：其他节点已足够
node-found = 通过网络找到
network-open = 查看网络和调用
identity = 身份
identity-help = 其他人通过对等方 ID 认识此浏览器。它没有名称，也没有账户。
identity-new = 新身份
identity-question = 要用新的对等方 ID 替换原来的吗？你的文件仍以相同的链接分享。之前上传的内容会留在其存储处直到过期，因为只有旧身份才能收回。除非你已保存旧身份，否则无法撤销。
identity-confirm = 替换
identity-done = 此浏览器已换用另一个身份。
identity-waits = 请稍候…
identity-saved = 浏览器正在将身份保存到下载文件夹。
identity-session = 每次启动浏览器时使用另一个身份
identity-session-help = 这样就没有人能再通过对等方 ID 认出此浏览器。它用以前的身份上传的内容会留在其存储处直到过期。现在的身份会保留，关闭此项后继续使用。
identity-save = 保存身份
identity-save-question = 请选择较长的口令：拥有此文件的人可以逐个尝试，猜中者可以冒充你。没有人能替你找回口令。
identity-save-confirm = 保存
identity-use = 使用已保存的身份
identity-use-question = 要用此文件中的对等方 ID 替换原来的吗？除非你已保存现在的身份，否则无法恢复。请勿同时在两个浏览器中使用同一身份，因为调用只会到达其中一个。
identity-too-large = 此文件太大，不可能是身份文件。没有更改任何内容。
passphrase = 口令
passphrase-again = 再次输入口令
passphrase-short = 请至少使用 8 个字符。
passphrase-differs = 两次输入的口令不同。
copy = 复制
file = 设置文件
file-help = 除语言外的所有设置，供另一个浏览器或以后使用。其中没有文件、链接或密钥。
export = 导出设置
not-saved = 浏览器没有保存文件。
import = 导入设置
import-confirm = 替换我的设置
import-cancel = 保留我的设置
import-too-large = 此文件太大，不可能是设置文件。没有更改任何内容。
import-unreadable = 无法读取此文件。没有更改任何内容。
import-question = 要用此文件的设置替换所有设置吗？
import-done = 现在使用文件中的设置。

## The language.

look-language = 语言
look-language-auto = 跟随浏览器

## The units in which sizes are typed.

unit-megabytes = MB
unit-gigabytes = GB
unit-terabytes = TB

## The keys.

key-open = 打开 Fluence Share
key-share = 分享文件

## What is said with numbers and names.

nodes-left =
    { $count ->
       *[other] 有 { $count } 个节点没有添加：最多可以有 { NUMBER($most) } 个。请先移除其他节点中的一个。
    }
of-node = { $what }：{ $host }
node-online = 已连接 · 别人可以通过它连接到你
node-full = 已连接 · 没有余量让别人连接到你
node-not-reachable = 无法连接。{ $cause }
node-connecting-again = 正在连接…{ $cause }
tested-in = 可用：它在 { $time } 内回应，别人可以通过它连接到你。
tested-good = 可用，别人可以通过它连接到你。
tested-in-fetch-only = 它在 { $time } 内回应，但你只能通过它获取。{ $cause }
tested-fetch-only = 你可以连接到它，但别人不能通过它连接到你。{ $cause }
tested-bad = 不可用。{ $cause }

## What a settings file would change.

import-no-node = 没有节点：在添加节点之前，无法分享或获取任何内容。
import-one-node = 有 1 个节点：
import-nodes = 有这些节点：
import-own-ipfs = 你分享的内容会上传到这个被当作你自己的 IPFS 节点：
import-no-own-ipfs = 不再使用你自己的 IPFS 节点。
import-public = 没有人分享的内容会在公共 IPFS 中查找，且不询问你。
import-not-public = 没有人分享的内容不会自动在公共 IPFS 中查找。
import-routers = 通过以下路由器在公共 IPFS 中查找：
import-gateways = 公共 IPFS 的文件通过以下网关获取：
import-provide = 你获取的内容会分享给其他人。
import-not-provide = 你获取的内容不会分享给其他人。
import-private = 除非你另行指定，你分享的内容是私密的。
import-not-private = 除非你指定，你分享的内容不是私密的。
import-session = 此浏览器现在会换用另一个对等方 ID，并在每次启动时再次更换。
import-not-session = 此浏览器恢复使用它保留的对等方 ID。
import-rest = 限制或其他设置也会改变。
