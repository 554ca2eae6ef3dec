# The settings.

## The settings.

options-nodes = Nodes
options-nodes-help = Nodes introduce you to other peers, and hold files on their way. The nearest is used; files go to the first in this order that takes them.
options-nodes-text = Addresses of the nodes
options-nodes-text-help = One on each line, such as /dns4/node.example.org/tcp/443/tls/ws.
options-nodes-reset = Use the default
options-nodes-none = Without a node nothing can be shared or fetched.
options-sharing = What I share
options-profile = Form of new hashes
options-profile-2025 = bafy… (UnixFS 2025, recommended)
options-profile-2015 = Qm… (UnixFS 2015, for old programs)
options-copy = Copy the link at once
options-private = Privately: only who has the link can read it
share-privately = Privately
private = Private
private-help = It is encrypted before it leaves this browser. Only who has the link can read it, or see its name.
options-ends = Stop sharing it
options-sent-day = Upload in a day at most
options-sent-file = Largest file to upload
options-no-limit = no limit
options-metered = Upload over metered networks, too
options-metered-now = The network that I use now is metered
options-metered-help = Not every browser knows which networks are metered. What you say here counts until you change it.
metered = This network is metered: nothing is uploaded over it. What was uploaded before stays at its storage.
metered-not = It is not metered
ends-help = When what you share stops being shared by itself
ends-as-set = As the settings say
ends-change = Change…
ends-label = Stops
pause-all = Pause all sharing
resume-all = Go on sharing
paused = Sharing is paused: nothing leaves this computer. What was uploaded before stays at its storage.
options-notify = Show notifications
options-fetching = What I fetch
options-save = Save it to the download folder at once
options-provide = Share it with others, too
options-max = Largest file at all
options-max-help = Larger files are neither shared nor fetched.
options-room = Room for all files together
options-room-auto = automatic
options-copy-large = Copy large files when I share them
options-copy-large-help = Otherwise files from 16 MB on are read where you have them and take no room. After the browser was restarted, they are shared again when you click.
options-ipfs = My own IPFS node
options-ipfs-use = Put what I share on my own IPFS node
options-ipfs-help = It is used instead of the storage that nodes offer. Others are told the gateway's address, so it must be one that they can reach.
options-rpc = RPC address
options-gateway = Gateway address
options-test = Test
options-testing = Testing…
options-test-good = Both answer as they should.
options-test-local = Both answer as they should, but nobody beyond this computer can reach the gateway. Use an address that others can reach.
reading-title = Reading sites
reading-help = To share something that lies on another site than the page, Fluence Share has to read it there. It asks for each site when you share from it, or once for all. Nothing is read before you share it.
private-windows = In private windows Fluence Share does nothing: it keeps a list of what you share and fetch, and a private window is to leave no trace.
reading-allow = Allow every site
reading-every = Every site
reading-give-back = Take back
options-look = Appearance
options-save-button = Save settings
options-saving = Saving…
options-saved = Saved.
options-unsaved = There are unsaved changes.
options-revert = Undo changes
options-wrong = Something above needs another look first.
public = The public IPFS
public-help = Where nobody shares a file here, it can be looked for in the public IPFS. The routers and gateways below then learn its hash and your network address; what they send is checked like everything else.
public-allow = Look in the public IPFS for files that nobody shares
public-routers = Routers, which know who has a file
public-gateways = Gateways, which are asked after those that routers name
public-question = It may be in the public IPFS. Whoever is asked there learns the hash and your network address.
public-look = Look there
public-never = Never look there
report = Save a report
report-help = If something does not work, a report helps those who look for the fault. It says what happened and when. Names, links, keys, hashes, peers and addresses are replaced by numbers.
keys = Keyboard and links
key-none = No key
keys-help = The browser keeps the keys of all extensions on one page, where you can change them: chrome://extensions/shortcuts.
keys-help-firefox = The browser keeps the keys of all extensions on one page, where you can change them: Manage Extension Shortcuts, in the menu of about:addons.
keys-change = Change the keys
keys-refused = The browser did not open its page. Type its address into the address bar.
keyword-help = In the address bar, type fl, a space and a link or a hash to see what it is and to fetch it.
links-help = Links that begin with web+fluence: or ipfs: can open here, from any page. Nothing is fetched before you press Fetch.
links-ask = Open such links here
links-asked = The browser asks in or beside the address bar.
links-at-click = The browser asks which program opens them when you click on one for the first time.
links-refused = The browser does not let an extension open such links. Copy them into the field instead.
options-about = About
options-about-text = Everything is a function call: a file is a function that its owner answers. Nothing leaves your browser before someone asks for it, and every byte that you fetch is checked against its hash.
options-version = Version

## The settings, further: nodes, notifications, identity, and the settings file.

options-folder = Folder in the download folder
options-folder-none = none
options-notices = Notifications
notify-shared = A file is shared
notify-fetched = A file has arrived
notify-failed = Something failed
notify-asked = Somebody asks for a file of which I want to be asked
options-advanced = Advanced
options-advanced-help = The form of hashes, limits, addresses of nodes, an IPFS node of your own
options-limits = Limits
node-add = Add
node-add-label = Address of a node, or of a list of nodes
node-add-help = Like /dns4/node.example.org/tcp/443/tls/ws, or https://example.org for the list of a group.
node-adding = Reading the list…
node-qr = Show as a QR code
node-qr-help = Whoever scans it gets this address. In Fluence Share, a picture of it can be read here.
node-qr-of = QR code with the address { $address }
node-scan = Read a QR code
node-scan-none = There is no QR code with the address of a node, or of a list of nodes, in this picture.
node-known = This node is in the list already.
nodes-known = These nodes are in the list already.
node-up = Move up: use it earlier
node-down = Move down: use it later
node-remove = Remove this node
node-test = Test
node-testing = Connecting to it…
node-unsaved = Not used yet: save the settings
node-connecting = Connecting…
node-spare = Not connected: others suffice
node-found = found through the network
network-open = See the network and the calls
identity = Identity
identity-help = Others know this browser by its peer id. It has no name and no account.
identity-new = New identity
identity-question = Replace your peer id by a new one? Your files stay shared, under the same links. What was uploaded before stays at its storage until it expires there, because only the old identity could take it back. There is no way back unless you have saved the old one.
identity-confirm = Replace it
identity-done = This browser has another identity.
identity-waits = This takes a moment…
identity-saved = The browser is saving the identity to your download folder.
identity-session = Have another identity each time the browser starts
identity-session-help = Then nobody knows this browser again by its peer id. What it uploaded under an earlier one stays at its storage until it expires there. The identity of now is kept for when you switch this off.
identity-save = Save identity
identity-save-question = Choose a long passphrase: whoever has the file can try one after the other, and whoever finds it can pass for you. Nobody can give it back to you.
identity-save-confirm = Save
identity-use = Use a saved one
identity-use-question = Replace your peer id by the one in this file? There is no way back to the one of now unless you have saved it. Do not use one identity in two browsers at the same time, because a call would reach only one of them.
identity-too-large = This file is too large to be an identity. Nothing was changed.
passphrase = Passphrase
passphrase-again = The same again
passphrase-short = Use at least 8 characters.
passphrase-differs = The two are not the same.
copy = Copy
file = Settings file
file-help = All settings except the language, for another browser or for later. It has no files, no links and no keys.
export = Export settings
not-saved = The browser did not save the file.
import = Import settings
import-confirm = Replace mine
import-cancel = Keep mine
import-too-large = This file is too large to be one of settings. Nothing was changed.
import-unreadable = This file cannot be read. Nothing was changed.
import-question = Replace all settings by those of this file?
import-done = The settings of the file are used now.

## The language.

look-language = Language
look-language-auto = As the browser

## The units in which sizes are typed.

unit-megabytes = MB
unit-gigabytes = GB
unit-terabytes = TB

## The keys.

key-open = Open Fluence Share
key-share = Share files

## What is said with numbers and names.

nodes-left =
    { $count ->
        [one] One node was not added: there can be { NUMBER($most) }. Remove one of the others first.
       *[other] { $count } nodes were not added: there can be { NUMBER($most) }. Remove one of the others first.
    }
of-node = { $what }: { $host }
node-online = Connected · makes you reachable
node-full = Connected · has no room to make you reachable
node-not-reachable = Not reachable. { $cause }
node-connecting-again = Connecting… { $cause }
tested-in = It works: it answers in { $time }, and makes you reachable.
tested-good = It works, and makes you reachable.
tested-in-fetch-only = It answers in { $time }, but you can only fetch through it. { $cause }
tested-fetch-only = You can connect to it, but it does not make you reachable. { $cause }
tested-bad = It does not work. { $cause }

## What a settings file would change.

import-no-node = There is no node: nothing can be shared or fetched until you add one.
import-one-node = There is 1 node:
import-nodes = There are these nodes:
import-own-ipfs = What you share is uploaded to this IPFS node, as your own:
import-no-own-ipfs = Your own IPFS node is no longer used.
import-public = What nobody shares is looked for in the public IPFS without asking you.
import-not-public = What nobody shares is not looked for in the public IPFS by itself.
import-routers = The public IPFS is searched through:
import-gateways = Files of the public IPFS come through:
import-provide = What you fetch is shared with others.
import-not-provide = What you fetch is not shared with others.
import-private = What you share is private unless you say otherwise.
import-not-private = What you share is not private unless you say so.
import-session = This browser gets another peer id now, and again each time it starts.
import-not-session = This browser gets back the peer id that it keeps.
import-rest = Limits or other settings change, too.
