# What the worker says: in the context menu, in the address bar, in notifications, and at the button in the toolbar.
#
# 简体中文。称呼：你。引号：“…”。
# 词汇：share = 分享；fetch = 获取；node = 节点；peer = 对等方；provider = 提供者；storage = 存储处；hash = 哈希；
# link = 链接；web link = 网页链接；privately = 私密；background worker = 后台程序；upload = 上传；extension = 扩展；
# gateway = 网关；call = 调用。

## The context menu and the address bar.

menu-share = 通过 Fluence 分享
menu-share-privately = 私密分享
omnibox = 输入或粘贴 Fluence 链接或哈希，按 Enter 键查看它是什么。
would-fetch = 查看并获取 { $cid }
would-fetch-private = 查看并获取私密分享 { $cid }
omnibox-kept = 浏览器会记住在此处输入的内容。建议单击 Fluence Share 按钮，在那里粘贴私密链接。

## Notifications: a title, and a sentence or two.

shared = { $name } 已分享
shared-copied = 只要此浏览器开着，其他人现在就能获取它。它的链接已在剪贴板中。
shared-not-copied = 只要此浏览器开着，其他人现在就能获取它。单击 Fluence Share 按钮可看到链接。
shared-many =
    { $count ->
       *[other] 已分享 { $count } 个文件
    }
shared-many-text = 只要此浏览器开着，其他人现在就能获取它们。单击 Fluence Share 按钮可看到链接。
not-shared-many =
    { $count ->
       *[other] 未能分享：{ $count } 个文件
    }
not-shared-many-text = 单击 Fluence Share 按钮可看到每个文件的原因。
shared-some-text =
    { $count ->
       *[other] 有 { $count } 个文件未能分享。单击 Fluence Share 按钮可看到原因。
    }
asking = 有人请求 { $name }
asking-text = 请在一分钟内允许，否则不会发送任何内容。
allow = 允许
refuse = 拒绝
fetched = { $name } 已到达
fetched-text = 已全部到达，每个字节都已校验。
not-shared = 未能分享：{ $name }
not-fetched = 未能获取：{ $name }
click-needed = 有文件等待你单击
trouble = 出了点问题

## The button in the toolbar, while the mouse is over it.

button-waits = Fluence Share：有一个分享正在等待你的许可。单击以给予许可。
button-no-node = Fluence Share：没有设置节点。请在设置中选择一个。
button-offline = Fluence Share：未连接（{ $why }）。它会自动重试。
button-connecting = Fluence Share：正在连接…
button-unreachable = Fluence Share：已连接，但没有人能连接到此浏览器。它会自动重试。
button-online = Fluence Share：可以分享和获取。
button-online-shared =
    { $count ->
       *[other] Fluence Share：已就绪，已分享 { $count } 个文件。
    }
button-moving =
    { $count ->
       *[other] { $count } 个文件正在传输。
    }
button-moving-bytes =
    { $count ->
       *[other] { $count } 个文件正在传输，目前 { $size }。
    }
