# What the browser shows of the extension: in its store, in its list of keys, and if the extension or the page for web
# links cannot start.
# The description has at most 132 characters.

description = Share a file with a right click; fetch one by its hash. From browser to browser, over libp2p and IPFS.
share-files = Share files
worker-failed = Fluence does not work: { $why }. Restart the browser.
page-failed = Fluence Share could not start ({ $why }). Restart the browser, or install the extension again.
link-page-failed = This page could not start ({ $why }). It needs a current browser; reload it to try again.
starting = Starting…
