# What the worker says: in the context menu, in the address bar, in notifications, and at the button in the toolbar.

## The context menu and the address bar.

menu-share = Share via Fluence
menu-share-privately = Share privately
omnibox = Type or paste a Fluence link or a hash, and press Enter to see what it is.
would-fetch = See what { $cid } is, and fetch it
would-fetch-private = See what the private share { $cid } is, and fetch it
omnibox-kept = The browser remembers what is typed here. Paste a private link after a click on the Fluence Share button instead.

## Notifications: a title, and a sentence or two.

shared = { $name } is shared
shared-copied = Others can fetch it now, while this browser is open. Its link is on the clipboard.
shared-not-copied = Others can fetch it now, while this browser is open. Click the Fluence Share button for its link.
shared-many =
    { $count ->
        [one] 1 file is shared
       *[other] { $count } files are shared
    }
shared-many-text = Others can fetch them now, while this browser is open. Click the Fluence Share button for their links.
not-shared-many =
    { $count ->
        [one] Not shared: 1 file
       *[other] Not shared: { $count } files
    }
not-shared-many-text = Click the Fluence Share button to see why.
shared-some-text =
    { $count ->
        [one] 1 file could not be shared. Click the Fluence Share button to see why.
       *[other] { $count } files could not be shared. Click the Fluence Share button to see why.
    }
asking = Somebody asks for { $name }
asking-text = Allow it within a minute, or nothing is sent.
allow = Allow
refuse = Refuse
fetched = { $name } is here
fetched-text = All of it has arrived, and every byte of it was checked.
not-shared = Not shared: { $name }
not-fetched = Not fetched: { $name }
click-needed = Files wait for a click from you
trouble = Something did not work

## The button in the toolbar, while the mouse is over it.

button-waits = Fluence Share: a share is waiting for your permission. Click to give it.
button-no-node = Fluence Share: no node is set. Choose one in the settings.
button-offline = Fluence Share: not connected ({ $why }). It tries again by itself.
button-connecting = Fluence Share: connecting…
button-unreachable = Fluence Share: connected, but nobody can reach this browser. It tries again by itself.
button-online = Fluence Share: ready to share and fetch.
button-online-shared =
    { $count ->
        [one] Fluence Share: ready, 1 file is shared.
       *[other] Fluence Share: ready, { $count } files are shared.
    }
button-moving =
    { $count ->
        [one] 1 file is on the way.
       *[other] { $count } files are on the way.
    }
button-moving-bytes =
    { $count ->
        [one] 1 file is on the way, { $size } so far.
       *[other] { $count } files are on the way, { $size } so far.
    }
