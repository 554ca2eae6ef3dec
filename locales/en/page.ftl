# The page that a node shows for web links.

title = A shared file
progress-label = Progress
try-again = Try again
about-page = This page fetches the file from the node that you opened, and compares every byte with the hash in the link. What follows # in the address stays in your browser.
waiting = Asking for the file. If the node does not have it, it asks whoever shares it…
plain-checked = Every byte was compared with the hash in the link.
private-checked = Every byte was compared with the hash in the link, and decrypted in this browser.
plain-streamed = Every byte is compared with the hash in the link before it is shown or saved.
private-streamed = Every byte is compared with the hash in the link, and decrypted in this browser, before it is shown or saved.
save = Save
show = Show
private = private
lacks-key = This is a private file, and the link has no key. Nothing but its encrypted bytes can be saved. Ask whoever sent the link for the whole of it.
acts = A file of this kind can do things when it is opened, such as run a program. It is never opened here. Save it, and open it only if you trust whoever made it.
cut = (The rest is in the file.)
# The title of the frame in which a PDF is shown.
preview = Preview

## Files that are too large to be shown.

large-download = It is too large to be shown here, and can be saved.
large-choice = It is too large to be shown here, and can be saved where you choose.
large-memory = It is too large to be shown here. To save it, this browser keeps all of it in memory, { $size }: browsers save files as they come only on pages with an https address, and not in every private window.
kept-in-memory = To save it, this browser keeps all of it in memory, { $size }: browsers save files as they come only on pages with an https address, and not in every private window.
size-about = about { $size }
size-more-than = more than { $size }

## What was saved, and how many files there are.

saved-download = “{ $name }” is in the folder for downloads.
saved-memory = The browser has “{ $name }”, and may ask whether you want to keep it.
saved-choice = “{ $name }” is saved.
save-named = Save { $name }
saved-as = “{ $name }” is saved as “{ $saved }”.
links-left-out = These symbolic links are left out:
names-changed = These names had to be changed:
file-count =
    { $count ->
        [one] 1 file
       *[other] { $count } files
    }
file-count-listed =
    { $count ->
        [one] { $count } file, of which the first { NUMBER($listed) } are listed. The extension and `fluence fetch` save all of them.
       *[other] { $count } files, of which the first { NUMBER($listed) } are listed. The extension and `fluence fetch` save all of them.
    }

## What went wrong, and what to do next.

do-again = Try again in a moment.
do-ask-again = Ask whoever sent it for the link once more.
not-there = The node does not have the file, and nobody who shares it can be reached now.
do-not-there = Whoever shares it has to be online. Try again later.
node-busy = The node is busy.
node-refused = The node does not give this file.
node-unreachable = The node cannot be reached.
do-node-unreachable = Look at the connection to the internet, and try again.
node-silent = The node has sent nothing for a while.
node-broken = The connection to the node broke off.
not-saved = The browser did not save it.
cancelled = Saving was cancelled.
do-cancelled = Save it again if you want it.
not-shown = This file cannot be shown here.
do-not-shown = Save it to look at it.
key-gone = The key of this private link is not in the address any more: this page took it out when it opened, so that nobody reads it there.
do-key-gone = Open the link that you were sent once more.
not-secure = Browsers decrypt only on pages with an https address.
do-not-secure = Open the link at an https address of the node, or fetch it with the extension.
no-file = This address leads to a node, and not to a file.
do-no-file = Links to files have the file’s hash after #.
not-a-link = This is not the link of a file.
bad-key = The key at the end of the link is not whole.
do-bad-key = Copy the whole link, up to its last character.
wrong-bytes = The node sent something else than what the link names, so nothing of it was used.
do-wrong-bytes = Open the link at another node, or fetch it with the extension.
unverifiable = The file is hashed in a way that this page cannot check.
do-unverifiable = Ask whoever shares it for another link.
not-a-file = This is not a file or a folder that can be opened here.
not-decrypted = The browser could not decrypt it.
not-private = The link has a key, but what it leads to is not a private share.
wrong-key = The key in the link does not open it.
altered = What the link leads to was changed or cut off after it was encrypted, so nothing more of it was used.
bad-archive = What the link leads to has files that cannot be taken.
