# What the browser shows of the extension: in its store, in its list of keys, and if the extension or the page for web
# links cannot start.
# The description has at most 132 characters.
#
# 简体中文。称呼：你。引号：“…”。
# 词汇：share = 分享；fetch = 获取；node = 节点；peer = 对等方；provider = 提供者；storage = 存储处；hash = 哈希；
# link = 链接；web link = 网页链接；privately = 私密；background worker = 后台程序；upload = 上传；extension = 扩展；
# gateway = 网关；call = 调用。

description = 右键单击即可分享文件，凭哈希即可获取文件。通过 libp2p 和 IPFS，从浏览器到浏览器。
share-files = 分享文件
worker-failed = Fluence 无法工作：{ $why }。请重启浏览器。
page-failed = Fluence Share 无法启动（{ $why }）。请重启浏览器，或重新安装扩展。
link-page-failed = 此页面无法启动（{ $why }）。它需要较新的浏览器；请重新加载页面再试。
starting = 正在启动…
