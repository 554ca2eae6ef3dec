# The first page.
#
# 简体中文。称呼：你。引号：“…”。
# 词汇：share = 分享；fetch = 获取；node = 节点；peer = 对等方；provider = 提供者；storage = 存储处；hash = 哈希；
# link = 链接；web link = 网页链接；privately = 私密；background worker = 后台程序；upload = 上传；extension = 扩展；
# gateway = 网关；call = 调用。

## The first page.

welcome-title = 欢迎使用 Fluence Share
welcome-again = 再看一次首页
welcome-lead = 在浏览器之间直接传送文件。
welcome-choices = 只需选择一次
welcome-later = 所有这些都可以在设置中更改。
welcome-node = 节点
welcome-more = 使用其他节点或某个群组的节点
welcome-reading = 从网站读取
welcome-reading-ask = 每当你分享位于其他网站上的内容时，Fluence Share 都会询问。你也可以现在允许所有网站。
welcome-reading-all = Fluence Share 可以从所有网站读取，并且只为你分享的内容而读取。
welcome-private = 除非我另行指定，否则私密分享
welcome-provide = 把我获取的内容也分享给其他人
welcome-public-help = 届时被询问的路由器和网关会得知文件的哈希和你的网络地址。
try-title = 试一试
try-again = 再试一次
try-lead = 这会分享一个小的文本文件，并通过网络将其取回。
try-waits = 还没有连接，因此正在等待节点。
try-made = 在此浏览器中创建一个文件
try-hashed = 它的哈希成为它的名称
try-shared = 一个陌生人找到它并连接到此浏览器
try-back = 节点请求它，它就传回来了
try-same = 它回来了，每个字节都相同。
try-other = 回来的是别的内容。
try-not-back = 它没有通过节点回来。
try-no-web = 你的节点不打开网页链接，因此无法为你获取文件。请在另一个装有 Fluence Share 的浏览器中打开链接，看它到达。
try-link = 它的链接
try-link-help = 在另一个装有 Fluence Share 的浏览器中打开链接的人会得到此文件。
try-remove = 移除示例
try-removed = 示例已移除。
try-done = 前往你的文件

## What a person should know.

fact-what = 分享什么
fact-what-text = 只有你选择的内容；在有人请求之前，它一直留在此电脑上。
fact-whom = 与谁分享
fact-whom-text = 拥有文件链接的人都能获取它：在此浏览器开着时，以及之后的一段时间内从存有副本的存储处获取。
fact-seen = 其他人能看到什么
fact-seen-text = 转交文件的一方能看到你的网络地址，也能看到文件，除非你私密分享；那样他们只能看到它有多大。
fact-node = 什么是节点
fact-node-text = 一台把浏览器互相介绍并暂存传送途中文件的电脑；由朋友运行，或由你自己运行。

## The text of the sample file.

sample =
    你好！

    这段文字是在浏览器中创建的，{ $now }。
    它离开那个浏览器，只是因为你要求这样做。

    This text was made in a browser, { $now }.
    It left that browser only because you asked for it.
