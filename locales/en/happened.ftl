# The page of what happened: moments, and what happened in each.


## The page.

time-title = What happened
time-help = Move to a moment to see your list as it was then. The last 30 days are here, or less if much has happened.
time-reading = Reading what happened…
time-beginning = The beginning
time-nothing = There was nothing in the list.
time-moment = Moment
time-before = Step back
time-after = Step forward
time-now = To the end
time-count = { NUMBER($at) } of { NUMBER($last) }
time-file = As a file
time-file-help = For a bug report, all of this can be saved as a file and opened in another browser. Names, links, keys, hashes, peers and addresses are replaced by numbers.
time-export = Save as a file
time-open = Open a file
time-back = Back to this browser
time-forget = Forget what happened
time-forget-question = Forget what happened before now? Your list and your files stay as they are.
time-no-file = This file has no history of Fluence Share. Choose one that was saved on this page.
time-of-file = This is the history in the file { $name }, and not that of this browser.

## What happened, in a few words.

event-about = { $name }: { $what }
event-share-began = You began to share it
event-fetch-began = You began to fetch it
event-described = Its name, type or size became known
event-named = You changed its name or your note
event-thumbnail = A small picture of it was made
event-hashed = It got its link
event-requested = Somebody asked for it
event-upload-began = Its upload began
event-upload-sent = A part of it was uploaded
event-uploaded = It was uploaded
event-upload-failed = Its upload failed
event-limited = You set when it stops being shared
event-as-page = You chose to share the web page
event-asks-first = You set whether you are asked first
event-provided = You began to share it too
event-not-provided = It is no longer shared
event-saved = It was saved
event-stays = It is read where you have it
event-merged = The same file was in the list already
event-removed = A file was removed
event-unconfirmed = The extension started again
event-confirmed = Others can find what you share again
event-released = A storage gave up a copy
event-withdrawn = Nodes were told what is not shared any more
event-settings = The settings were changed
event-started = The extension started

## What was changed in the settings; hosts follow those that end with a colon.

then-no-node = There was no node any more.
then-one-node = From then on there was 1 node:
then-nodes = From then on there were these nodes:
then-own-ipfs = What you shared was uploaded to this IPFS node, as your own, from then on:
then-no-own-ipfs = Your own IPFS node was no longer used.
then-public = What nobody shared was looked for in the public IPFS without asking you, from then on.
then-not-public = What nobody shared was no longer looked for automatically in the public IPFS.
then-routers = From then on the public IPFS was searched through:
then-gateways = From then on files of the public IPFS came through:
then-provide = What you fetched was shared with others from then on.
then-not-provide = What you fetched was no longer shared with others.
then-private = From then on, what you shared was private unless you said otherwise.
then-not-private = From then on, what you shared was private only if you said so.
then-session = This browser got another peer id, and another one at each start.
then-not-session = This browser got back the peer id that it had kept.
then-rest = Limits or other settings changed.
