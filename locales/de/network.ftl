# The page of the network.
#
# Deutsch. Anrede: Sie. Anführungszeichen: „…“.
# Wörter: share = teilen; fetch = abrufen; node = Knoten; peer = Peer; provider = Anbieter; storage = Speicher;
# hash = Hash; link = Link; web link = Web-Link; privately = privat; background worker = Hintergrundprozess;
# upload = hochladen; extension = Erweiterung; gateway = Gateway; call = Aufruf.

## The page of the network.

network-you = Dieser Browser
network-sent-today = Heute hochgeladen
network-fetched-today = Heute abgerufen
network-peers = Verbundene Peers
network-nodes = Verbindungen zu Knoten
network-nodes-none = Es gibt keinen Knoten.
network-reachable = Andere können diesen Browser erreichen, über seine Knoten.
network-not-yet = Eine Verbindung zu einem Knoten wird hergestellt.
nodes-change = Knoten ändern
calls = Aufrufe
calls-help = Die letzten 50 Aufrufe von Funktionen, in beiden Richtungen, während sie geschehen. Namen von Dateien fehlen, weil jeder, der einen kennt, die Datei abrufen kann.
calls-none = Noch keine. Aufrufe erscheinen hier, wenn Sie etwas teilen oder abrufen, und wenn andere bei Ihnen anfragen.
call-when = Wann
call-way = Richtung
call-in = ein
call-out = aus
call-function = Funktion
call-peer = Peer
call-took = Dauer
call-result = Ergebnis
call-runs = läuft
call-good = beantwortet
call-title = Eine Funktion aufrufen
call-lead = Alles hier ist ein Funktionsaufruf. IPFS_multiaddr zum Beispiel liefert die Adresse eines Speichers.
call-name = Name
call-args = Argumente, als JSON
call = Aufrufen
calling = Wird aufgerufen …
called = Es gibt eine Antwort.
call-reply = Antwort

## Calls.

replied = { $peer } hat nach { $time } geantwortet.
call-no-reply = keine Antwort
call-not-reached = nicht erreicht
call-not-provided = nicht angeboten
call-refused = abgelehnt
call-busy = ausgelastet
call-no-storage = kein Speicher
call-not-understood = nicht verstanden
call-did-fail = fehlgeschlagen
