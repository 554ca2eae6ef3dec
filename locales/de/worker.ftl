# What the worker says: in the context menu, in the address bar, in notifications, and at the button in the toolbar.
#
# Deutsch. Anrede: Sie. Anführungszeichen: „…“.
# Wörter: share = teilen; fetch = abrufen; node = Knoten; peer = Peer; provider = Anbieter; storage = Speicher;
# hash = Hash; link = Link; web link = Web-Link; privately = privat; background worker = Hintergrundprozess;
# upload = hochladen; extension = Erweiterung; gateway = Gateway; call = Aufruf.

## The context menu and the address bar.

menu-share = Über Fluence teilen
menu-share-privately = Privat teilen
omnibox = Geben Sie einen Fluence-Link oder einen Hash ein, und drücken Sie die Eingabetaste, um zu sehen, was es ist.
would-fetch = Sehen, was { $cid } ist, und abrufen
would-fetch-private = Sehen, was das privat geteilte { $cid } ist, und abrufen
omnibox-kept = Der Browser merkt sich, was hier eingegeben wird. Fügen Sie einen privaten Link lieber nach einem Klick auf die Schaltfläche von Fluence Share ein.

## Notifications: a title, and a sentence or two.

shared = { $name } wird geteilt
shared-copied = Andere können die Datei jetzt abrufen, solange dieser Browser offen ist. Der Link ist in der Zwischenablage.
shared-not-copied = Andere können die Datei jetzt abrufen, solange dieser Browser offen ist. Den Link finden Sie über die Schaltfläche von Fluence Share.
shared-many =
    { $count ->
        [one] 1 Datei wird geteilt
       *[other] { $count } Dateien werden geteilt
    }
shared-many-text = Andere können sie jetzt abrufen, solange dieser Browser offen ist. Die Links finden Sie über die Schaltfläche von Fluence Share.
not-shared-many =
    { $count ->
        [one] Nicht geteilt: 1 Datei
       *[other] Nicht geteilt: { $count } Dateien
    }
not-shared-many-text = Klicken Sie auf die Schaltfläche von Fluence Share, um die Gründe zu sehen.
shared-some-text =
    { $count ->
        [one] 1 Datei konnte nicht geteilt werden. Klicken Sie auf die Schaltfläche von Fluence Share, um den Grund zu sehen.
       *[other] { $count } Dateien konnten nicht geteilt werden. Klicken Sie auf die Schaltfläche von Fluence Share, um die Gründe zu sehen.
    }
asking = Jemand möchte { $name }
asking-text = Erlauben Sie es innerhalb einer Minute, sonst wird nichts gesendet.
allow = Erlauben
refuse = Ablehnen
fetched = { $name } ist da
fetched-text = Die ganze Datei ist angekommen, und jedes Byte wurde geprüft.
not-shared = Nicht geteilt: { $name }
not-fetched = Nicht abgerufen: { $name }
click-needed = Dateien warten auf einen Klick von Ihnen
trouble = Etwas hat nicht geklappt

## The button in the toolbar, while the mouse is over it.

button-waits = Fluence Share: Etwas wartet auf Ihre Erlaubnis, um geteilt zu werden. Klicken Sie, um sie zu geben.
button-no-node = Fluence Share: Kein Knoten ist eingestellt. Wählen Sie einen in den Einstellungen.
button-offline = Fluence Share: nicht verbunden ({ $why }). Es wird von selbst noch einmal versucht.
button-connecting = Fluence Share: Verbindung wird hergestellt …
button-unreachable = Fluence Share: verbunden, aber niemand kann diesen Browser erreichen. Es wird von selbst noch einmal versucht.
button-online = Fluence Share: bereit zum Teilen und Abrufen.
button-online-shared =
    { $count ->
        [one] Fluence Share: bereit, 1 Datei wird geteilt.
       *[other] Fluence Share: bereit, { $count } Dateien werden geteilt.
    }
button-moving =
    { $count ->
        [one] 1 Datei ist unterwegs.
       *[other] { $count } Dateien sind unterwegs.
    }
button-moving-bytes =
    { $count ->
        [one] 1 Datei ist unterwegs, bisher { $size }.
       *[other] { $count } Dateien sind unterwegs, bisher { $size }.
    }
