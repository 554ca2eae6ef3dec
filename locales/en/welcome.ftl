# The first page.

## The first page.

welcome-title = Welcome to Fluence Share
welcome-again = See the first page again
welcome-lead = Send files from browser to browser.
welcome-choices = Choose once
welcome-later = All of it can be changed in the settings.
welcome-node = Node
welcome-more = Use another node, or the nodes of a group
welcome-reading = Reading from web sites
welcome-reading-ask = Fluence Share asks each time that you share something that lies on another site. You can allow all sites now instead.
welcome-reading-all = Fluence Share may read from every site, and does so only for what you share.
welcome-private = Share privately unless I say otherwise
welcome-provide = Share with others what I fetch
welcome-public-help = The routers and gateways that are asked then learn the hash of the file and your network address.
try-title = Try it
try-again = Try it again
try-lead = This shares a small text file and fetches it back through the network.
try-waits = There is no connection yet, so it waits for a node.
try-made = A file is made in this browser
try-hashed = Its hash becomes its name
try-shared = A stranger finds it and reaches this browser
try-back = The node asks for it, and it comes back
try-same = It came back, and every byte is the same.
try-other = Something else came back.
try-not-back = It did not come back through the node.
try-no-web = Your node opens no web links, so it cannot fetch the file for you. Open the link in another browser with Fluence Share to see it arrive.
try-link = Its link
try-link-help = Whoever opens it in another browser with Fluence Share gets the file.
try-remove = Remove the sample
try-removed = The sample is removed.
try-done = Go to your files

## What a person should know.

fact-what = What is shared
fact-what-text = Only what you choose; it stays on this computer until somebody asks for it.
fact-whom = With whom
fact-whom-text = Whoever has the link of a file can fetch it: while this browser is open, and for a while after from a storage that has a copy.
fact-seen = What others can see
fact-seen-text = Whoever hands a file on sees your network address, and the file unless you share it privately; then they see only how large it is.
fact-node = What a node is
fact-node-text = A computer that introduces browsers to each other and holds files on their way; a friend runs it, or you do.

## The text of the sample file.

sample =
    Hello!

    This text was made in a browser, { $now }.
    It left that browser only because you asked for it.
