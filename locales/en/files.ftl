# The popup, the tab and the side panel: the connection, the field, the list of files and what can be done with them.

## The connection.

network-starting = Starting…
network-no-node = No node is set
network-connecting = Connecting…
network-online = Ready to share and fetch
network-offline = Not connected
network-unreachable = Ready to fetch, not to share
unreachable-advice = The node has no room to make another peer reachable. You can fetch, but nobody can fetch from you. It tries again by itself; another node may have room.
network-label = Connection
no-node-advice = To share and fetch, Fluence Share needs the address of at least one node. Ask whoever runs one, or run your own.
no-node-button = Add a node
try-now = Try now
worker-starting = Starting…
worker-lost = The background worker stopped. Connecting to it again…
worker-silent = The background worker does not answer. Restarting the extension loses nothing that was shared or fetched.
worker-reload = Restart Fluence Share
worker-strange = This page and the background worker are of different versions. Close this page and open it again.

## The header and the theme.

open-tab = Open in a tab
open-panel = Open in the side panel
panel-refused = The browser did not open the side panel.
settings = Settings
back = Back to files
theme = Colours
theme-auto = As the system
theme-light = Light
theme-dark = Dark

## The field in which one pastes, and onto which one drops.

give = Fetch or share
give-hint = Paste a link, or drop files
fetch = Fetch
fetch-given = This came from a link or from the address bar. Nothing is fetched until you press Fetch.
fetch-paste = Paste from the clipboard
fetch-paste-refused = The browser did not allow reading the clipboard. Click into the field and press Ctrl+V (⌘V on a Mac).
share-choose = Choose files
share-folder = Folder
share-drop-now = Drop to share
share-how = How several files are shared
share-each = A link for each file
share-together = One link for all, as a folder
share = Share
cancel = Cancel
share-handing = Handing the files to the background worker. Keep this page open for a moment…
share-empty = There were no files in what was dropped.
# The name of a file that is made of a text from the clipboard.
pasted-text = Pasted text
share-unreadable = Some of it could not be read. Check that it is still there and may be read, then drop it again.
share-big = Picking many or large files is easier in a tab:

## What is at the link in the field.

looking = Asking who shares this…
look-here = It is in your list already.
look-private = A private file. Its name and type are inside.
look-acts = Files of this kind can do things when they are opened, such as run a program. Nothing here opens it; fetch it only if you trust whoever made it.
lacks-key = These may be encrypted bytes: a private file whose link has lost its key, which is everything from # on. Ask whoever sent the link for the whole of it, and paste it here.
look-from = from { $peer }, who is online
look-nobody = Nobody who is online shares this now.
kind-image = Picture
kind-video = Video
kind-audio = Sound
kind-document = Document
kind-archive = Archive
kind-folder = Folder

## The files on the page.

page-title = This page
page-reading = Looking for files on the page…
page-none = No files on this page
page-none-advice = No downloads came from it, and it links to no files. Right-click anything on it to share it.
page-downloads = Downloaded from here
page-links = On this page
page-closed = This page cannot be read
page-closed-advice = The browser does not let extensions read it. On other pages, their files appear here.
page-links-refused = The browser did not let Fluence Share read the page; open it from the toolbar on that page to see its links.
page-sharing = Sharing…
page-all = Select all

## The question for permission.

access-allow = Allow access
access-not-now = Not now
access-refused = Access was not given, so nothing was read. You can allow it whenever you like.

## The list of items.

items-title = Your files
filter-all = All
filter-shared = Shared
filter-fetched = Fetched
search = Search your files
empty-all = Nothing here yet
empty-all-advice = Right-click a link, a picture or a video on any page and choose “Share via Fluence”, or drop a file here. To fetch, paste a link above.
empty-shared = Nothing shared yet
empty-shared-advice = Drop a file here, or right-click something on a page and choose “Share via Fluence”.
empty-fetched = Nothing fetched yet
empty-fetched-advice = Paste a link that someone sent you into the field above.
empty-search = No file matches
empty-search-advice = Try a part of the name, of your note or of the hash.

## The room that the files take.

free = Free space
room-short = There is little room left.
free-fetched = Fetched
free-stopped = No longer shared
free-failed = Failed
free-week = Not used for a week
free-month = Not used for a month
free-listed = All that are listed
free-help = Copies that you saved stay.

## The order of the files, and those that are selected.

sort-title = Sort and tidy up
clear-old = Remove what is old…
select = Select files
selected-label = Selected files
remove-selected = Remove them?
select-end = Done
copy-links = Copy links
copy-link = Copy link
copy-web-link = Copy web link
web-help = It opens in any browser, without Fluence Share.
web-local-help = It opens in any browser of this computer, because the node is on this computer.
# Opens the system's own dialog, from which other programs send the link.
send-link = Send the link…
send-refused = The browser did not send the link. Copy it instead.
qr = Show QR code
qr-web = Point the camera of a phone at it: the file opens in the phone's browser.
qr-link = It is the link for Fluence Share on another device.
qr-too-long = The link is too long for a QR code. Copy it instead.
close = Close
copied = Copied
link-copied = Link copied
copy-refused = The browser did not allow copying. Select the link in the details and copy it.
copy-refused-short = Not copied
save = Save
save-again = Save again
stop = Stop sharing
again = Start sharing
share-too = Share it with others too
choose-again = Choose it again
copies = In storage
pause = Pause
resume = Resume
discard = Discard
retry = Try again
share-page = Share the web page
remove = Remove
now-label = Now
needs-access = Needs your permission
details = Details
more-actions = More
askers = Who asked
asked-when = When
asked-who = Peer
asked-sent = Uploaded
log-title = What happened
log-reading = Reading…
log-empty = Nothing yet.
link = Link
web-link = Web link
from = From
saved-as = Saved as
added = Added
unknown-name = A file
dismiss = Dismiss
progress-label = Progress
ask-first = Ask me before it is uploaded for anybody

## What is said with numbers and names.

network-with-colon = { $status }:
stalled-out = nothing has moved for a while
stalled-in = nothing has come for a while
sort-newest = Newest first
sort-name = By name
sort-size = Largest first
sort-asked = Most asked for first
seconds-left = { NUMBER($count) } s left
minutes-left = { NUMBER($count) } min left
hours-left = { NUMBER($hours) } h { NUMBER($minutes) } min left
days-left = more than a day left
retry-now = Trying again…
retry-in = Next try in { NUMBER($seconds) } s.
under-a-millisecond = under 1 ms
millis-taken = { NUMBER($count) } ms
paused-status-shared = Sharing is paused
paused-status-fetched = Fetched. Sharing is paused
metered-status-shared = Waiting for another network
metered-status-fetched = Fetched. Waiting for another network
somebody-asks = The peer { $peer } asks for it. Without an answer within a minute it gets nothing.
fetches-left =
    { $count ->
        [one] for one more fetch
       *[other] for { $count } more fetches
    }
shared-until = until { $moment }
file-count =
    { $count ->
        [one] 1 file
       *[other] { $count } files
    }
remove-many =
    { $count ->
        [one] Remove 1 file
       *[other] Remove { $count } files
    }
share-many =
    { $count ->
        [one] Share 1 file
       *[other] Share { $count } files
    }
room-used = { $size } used
room-free = { $size } free
and-more =
    { $count ->
        [one] and { $count } more
       *[other] and { $count } more
    }
selected-count =
    { $count ->
        [one] { $count } selected
       *[other] { $count } selected
    }
show-more =
    { $count ->
        [one] Show { $count } more
       *[other] Show { $count } more
    }
select-named = Select { $name }
more-about = More about { $name }
qr-of = QR code with the link to { $name }
share-named = Share { $name }
too-many-files =
    { $limit ->
        [one] That is more than { $limit } file. Pack them into an archive, or share them in parts.
       *[other] That is more than { $limit } files. Pack them into an archive, or share them in parts.
    }
announcement = { $name }: { $status }
saved = saved
saved-as-another = saved as “{ $name }”
names-changed =
    { $count ->
        [one] 1 name changed
       *[other] { $count } names changed
    }

## The status of a file, in a few words.

status-waiting-for = Waiting for { $host }
status-reading = Reading the file
status-hashing = Making its link
status-announcing = Telling the network
status-waiting = Waiting to go online
status-sending = Sending it to somebody
status-shared = Others can fetch it
status-stopped = No longer shared
status-searching = Looking for somebody who has it
status-asked = Waiting for an answer
status-downloading = Fetching from { $host }
status-paused = Paused
status-interrupted = Interrupted
status-fetched-sending = Fetched. Sending it to somebody
status-fetched-waiting = Fetched. Waiting to share it too
status-fetched-shared = Fetched. You share it too
status-fetched-announcing = Fetched. Telling the network
status-fetched = Fetched
status-cancelled = Cancelled
status-needs-click = Waiting for a click to be shared
status-not-shared = Not shared
status-not-fetched = Not fetched

## What others can do with a file now.

now-not-from-you = Nobody can fetch this from you.
now-only-yours = You have it. You do not share it with others.
now-paused = Nobody can fetch this from you, because sharing is paused.
now-metered = Nobody can fetch this from you over this network, because it is metered.
now-offline = Nobody can fetch this from you until there is a connection again.
now-announcing = The network is being told of it. In a moment, anybody with the link can fetch it.
now-asks = Anybody with the link can ask for this while your browser is open, and gets it if you allow it.
now-shared = Anybody with the link can fetch this while your browser is open.
copy-until = copy until { $until }
copy-somewhere = copy at storage
still-at = a copy is still at { $hosts }
still-at-until = a copy is still at { $hosts } until { $until }
still-for-others = others keep a copy at { $hosts }
still-refused = { $hosts } did not take it back
still-refused-until = { $hosts } did not take it back and has a copy until { $until }
removed-files =
    { $count ->
        [one] 1 file that you removed: { $what }
       *[other] { $count } files that you removed: { $what }
    }
removed-still-at = copies are still at { $hosts } until its node answers.
removed-still-at-until = copies are still at { $hosts } until its node answers, or else at least until { $until }.
former-still-at = copies of your former identity are still at { $hosts }, until they expire there.
former-still-at-until = copies of your former identity are still at { $hosts }, at least until { $until }.
removed-for-others = others keep copies at { $hosts }.
removed-refused = { $hosts } did not take copies back.
removed-refused-until = { $hosts } did not take copies back, and has them at least until { $until }.
copy-for-others = { $host }, kept for others who put it there, too
copy-not-taken-back = { $host }, which did not take it back
kept-until = { $host }, kept at least until { $until }
asked-times =
    { $count ->
        [one] asked for once
        [2] asked for twice
       *[other] asked for { $count } times
    }
uploaded-size = { $size } uploaded

## Who asked, and what was uploaded for it.

more-calls =
    { $count ->
        [one] one more call
       *[other] { $count } more calls
    }
sent-nothing = nothing, storage had it
sent-uploading = uploading
sent-failed = failed
sent-failed-after = { $size }, then it failed
sent-not-given = nothing, it could not be uploaded
earlier-calls =
    { $count ->
        [one] One earlier call is not kept in this list.
       *[other] { $count } earlier calls are not kept in this list.
    }

## When a file stops being shared by itself.

ends-never = Only when I say so
ends-one-fetch = After one fetch
ends-five-fetches = After five fetches
ends-hour = After an hour
ends-day = After a day
ends-week = After a week
ends-month = After 30 days

## The question for permission.

access-this = To share this, Fluence Share needs your permission to read from { $hosts }. The browser asks you next; it is used for nothing else.
access-one = To share “{ $name }”, Fluence Share needs your permission to read from { $hosts }. The browser asks you next; it is used for nothing else.
access-many = To share “{ $name }” { $more }, Fluence Share needs your permission to read from { $hosts }. The browser asks you next; it is used for nothing else.
all-sites = all sites

## Before something is removed.

remove-partial = Discard what was fetched so far?
remove-shared = Remove it from Fluence Share? Others cannot get it from you any more; your own file stays.
remove-fetched = Remove it from Fluence Share? What you saved to disk stays.

## What is in a file or a folder, shown over the page.

show = Show
show-named = Show { $name }
save-named = Save { $name }
preview-waiting = Opening it…
preview-cut = This is the beginning. The rest is in the file.
preview-empty = There is nothing in it.
preview-acts = A file of this kind can do things when it is opened: run a program, or change something. So it is never opened here. Save it, and open it only if you trust whoever made it.
preview-none = Files of this kind are not shown here. Save it to open it with another program.
preview-large = It is too large to be shown here. Save it to open it with another program.
preview-broken = The browser cannot show it. Save it to open it with another program.
preview-document = The browser’s own viewer shows documents like this one. Some do something by themselves when they are opened, so it opens when you say so.
preview-open = Open the document
preview-back = Back to the folder
preview-saved = The browser is saving it.
preview-here = { $size } of it are here
preview-later = This can be shown once more of it is here.
preview-whole = This can be shown once all of it is here.
preview-more = Waiting for the rest…

## What is in a folder that is not here yet.

inside-show = Show what is in it
inside-upload-it = Have it uploaded
inside-looking = Looking into it…
inside-nothing = There is nothing in it.
inside-more = There is more in it than is listed here. Fetch the folder to have all of it.
fetch-named = Fetch { $name }
inside-upload-size = No storage has this folder now. To list it, whoever shares it has to upload all of it to a storage, { $size }. You then fetch only what you choose.
inside-upload-all = No storage has this folder now. To list it, whoever shares it has to upload all of it to a storage. You then fetch only what you choose.

## The name and the note of a file, before it is shared and after.

rename-and-note = Rename and note…
note-only = Note…
name-label = Name
note-label = Note
note-hint = Only you see it
name-told = Whoever fetches it from now on gets it under this name. The link stays as it is. A web link that you have already sent keeps the old name.
name-sealed = The name of a private file is encrypted with it. To give it another one, share it again; it then has another link.
name-private = The name is encrypted with the file, so it cannot be changed once it is shared.
name-later = It can get another name once all of it is here.
names-first = Give a name and a note before sharing

## A QR code in a picture that is to be shared.

scanning = Looking for a QR code in the picture. Keep this page open for a moment…
scanned = The QR code in this picture leads here:
scanned-follow = See what it leads to
scanned-share = Share this picture
