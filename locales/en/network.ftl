# The page of the network.

## The page of the network.

network-you = This browser
network-sent-today = Uploaded today
network-fetched-today = Fetched today
network-peers = Connected peers
network-nodes = Links to nodes
network-nodes-none = There is no node.
network-reachable = Others can reach this browser, through its nodes.
network-not-yet = A connection to a node is being made.
nodes-change = Change the nodes
calls = Calls
calls-help = The last 50 calls of functions, in both directions, as they happen. Names of files are left out, because whoever knows one can fetch the file.
calls-none = None yet. Calls appear here when you share or fetch something, and when others ask you.
call-when = When
call-way = Way
call-in = in
call-out = out
call-function = Function
call-peer = Peer
call-took = Took
call-result = Result
call-runs = under way
call-good = answered
call-title = Call a function
call-lead = Everything here is a function call. IPFS_multiaddr, for example, returns the address of a storage.
call-name = Name
call-args = Arguments, as JSON
call = Call
calling = Calling…
called = There is a reply.
call-reply = Reply

## Calls.

replied = { $peer } replied after { $time }.
call-no-reply = no reply
call-not-reached = not reached
call-not-provided = not provided
call-refused = refused
call-busy = busy
call-no-storage = no storage
call-not-understood = not understood
call-did-fail = failed
