# What happened to a file, a line each; and why there is no connection to a node.

hashed = Hashed { $size }: { $cid }
shared-again = Shared once more: it is the same file.
fetched-again = Fetched by another link, too: it is the same file.
reached = Announced, found by look-up, and reached from outside.
not-reached-yet = Not found from outside yet; trying again.
no-longer-reached = It could not be found from outside any more; announcing it again.
requested = { $peer } asked for it.
more-requested =
    { $count ->
        [one] It was asked for once more.
       *[other] It was asked for { $count } more times.
    }
of-peer = { $peer }: { $what }
already-stored = Storage has it already; nothing is uploaded.
expired = It is not shared any more, as was set.
released = { $host } has removed its copy.
kept-for-others = { $host } keeps a copy, because somebody else has put the file there too, or its operator wants to keep it.
not-held = { $host } keeps nothing of it in your name.
not-released = { $host } could not be asked to remove its copy.
uploading = Uploading to { $address }.
part-failed = A part has to be sent again. { $what }
uploaded = Uploaded: { $size }.
upload-failed = The upload failed. { $what }
upload-failed-after = The upload failed after { $size }. { $what }
not-given = { $peer } did not get it.
resumed-after-restart = Continuing after a restart.
resumed-online = Continuing: the network is back.
began-again = What was kept of it was damaged; beginning again.
storage-named = { $peer } says that it is at { $host }.
public-gateway = Nobody shares it here; asking { $host }, a gateway of the public IPFS.
still-stored = Nobody provides it at the moment, but the storage at { $host } still has it.
storage-silent = Nothing new from { $host } for { NUMBER($seconds) } s; asking others.
storage-changed = Continuing from { $host }.
storages-added = It is also stored at { $hosts }; all of them are used at the same time.
one-storage-left = Continuing with one storage. { $what }
single-blocks = Asking for single blocks. { $what }
links-left-out = Symbolic links are left out of the saved file: { $names }.
names-changed = Names that cannot stand in the saved file were changed: { $names }.
kept = { $size } of it is here and verified.
fetched = All of it is here and verified: { $size }.
unknown = Something happened that this version does not know.

## Files that were refused together with one that is named.

and-others-refused =
    { $count ->
        [one] One more file was refused.
       *[other] { $count } more files were refused.
    }

## Why there is no connection to a node: clauses, whose subject "it" is the node.

link-lost = the connection to the node was lost
link-closed = it closed the connection
link-unreachable = no connection could be made
link-dial-timeout = it does not answer
link-unsupported-address = this kind of address cannot be reached from here
link-wrong-peer = another peer answers there, { $peer }
link-own-address = the address is this peer's own
link-too-many-connections = too many connections are open
link-reservation-refused = it grants no reservation
link-reservation-timeout = it does not answer the request for a reservation
link-reservation-ended = the node ended the reservation
link-ping-timeout = the node has been silent for too long
link-not-listening = this node listens nowhere
link-of-node = { $node } cannot be used: { $cause }
link-others-too = { $cause }, and neither can any other node in the settings
