# What happened to a file, a line each; and why there is no connection to a node.
#
# Deutsch. Anrede: Sie. Anführungszeichen: „…“.
# Wörter: share = teilen; fetch = abrufen; node = Knoten; peer = Peer; provider = Anbieter; storage = Speicher;
# hash = Hash; link = Link; web link = Web-Link; privately = privat; background worker = Hintergrundprozess;
# upload = hochladen; extension = Erweiterung; gateway = Gateway; call = Aufruf.

hashed = Hash berechnet für { $size }: { $cid }
shared-again = Noch einmal geteilt: Es ist dieselbe Datei.
fetched-again = Auch über einen anderen Link abgerufen: Es ist dieselbe Datei.
reached = Angekündigt, durch Suchen gefunden und von außen erreicht.
not-reached-yet = Von außen noch nicht gefunden; neuer Versuch.
no-longer-reached = Die Datei war von außen nicht mehr zu finden; sie wird noch einmal angekündigt.
requested = { $peer } hat die Datei angefordert.
more-requested =
    { $count ->
        [one] Die Datei wurde noch einmal angefordert.
       *[other] Die Datei wurde noch { $count } Mal angefordert.
    }
of-peer = { $peer }: { $what }
already-stored = Der Speicher hat die Datei schon; nichts wird hochgeladen.
expired = Die Datei wird nicht mehr geteilt, wie es eingestellt war.
released = { $host } hat seine Kopie entfernt.
kept-for-others = { $host } behält eine Kopie, weil auch jemand anderes die Datei dort abgelegt hat oder der Betreiber sie behalten will.
not-held = { $host } bewahrt nichts davon in Ihrem Namen auf.
not-released = { $host } konnte nicht gebeten werden, die Kopie zu entfernen.
uploading = Wird zu { $address } hochgeladen.
part-failed = Ein Teil muss noch einmal gesendet werden. { $what }
uploaded = Hochgeladen: { $size }.
upload-failed = Das Hochladen ist fehlgeschlagen. { $what }
upload-failed-after = Das Hochladen ist nach { $size } fehlgeschlagen. { $what }
not-given = { $peer } hat es nicht bekommen.
resumed-after-restart = Nach einem Neustart geht es weiter.
resumed-online = Es geht weiter: Das Netzwerk ist wieder da.
began-again = Was davon aufbewahrt wurde, war beschädigt; es beginnt von neuem.
storage-named = { $peer } gibt an, dass die Datei bei { $host } liegt.
public-gateway = Hier teilt sie niemand; gefragt wird { $host }, ein Gateway des öffentlichen IPFS.
still-stored = Im Augenblick bietet sie niemand an, aber der Speicher bei { $host } hat sie noch.
storage-silent = Seit { NUMBER($seconds) } s nichts Neues von { $host }; andere werden gefragt.
storage-changed = Weiter von { $host }.
storages-added = Die Datei liegt auch bei { $hosts }; alle werden gleichzeitig verwendet.
one-storage-left = Weiter mit einem Speicher. { $what }
single-blocks = Einzelne Blöcke werden angefragt. { $what }
links-left-out = Symbolische Verknüpfungen fehlen in der gespeicherten Datei: { $names }.
names-changed = Namen, die in der gespeicherten Datei nicht stehen können, wurden geändert: { $names }.
kept = { $size } davon sind hier und geprüft.
fetched = Alles ist hier und geprüft: { $size }.
unknown = Etwas ist geschehen, das diese Version nicht kennt.

## Files that were refused together with one that is named.

and-others-refused =
    { $count ->
        [one] Eine weitere Datei wurde abgelehnt.
       *[other] { $count } weitere Dateien wurden abgelehnt.
    }

## Why there is no connection to a node: clauses, whose subject "it" is the node.

link-lost = die Verbindung zum Knoten ging verloren
link-closed = er hat die Verbindung geschlossen
link-unreachable = es kam keine Verbindung zustande
link-dial-timeout = er antwortet nicht
link-unsupported-address = diese Art von Adresse ist von hier nicht erreichbar
link-wrong-peer = dort antwortet ein anderer Peer, { $peer }
link-own-address = es ist die Adresse dieses Peers selbst
link-too-many-connections = zu viele Verbindungen sind offen
link-reservation-refused = er gewährt keine Reservierung
link-reservation-timeout = er antwortet nicht auf die Bitte um eine Reservierung
link-reservation-ended = der Knoten hat die Reservierung beendet
link-ping-timeout = der Knoten hat zu lange geschwiegen
link-not-listening = dieser Knoten nimmt nirgends Verbindungen an
link-of-node = { $node } kann nicht verwendet werden: { $cause }
link-others-too = { $cause }, und auch kein anderer Knoten in den Einstellungen ist verwendbar
