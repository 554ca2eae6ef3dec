# The page of what happened: moments, and what happened in each.
#
# Deutsch. Anrede: Sie. Anführungszeichen: „…“.
# Wörter: share = teilen; fetch = abrufen; node = Knoten; peer = Peer; provider = Anbieter; storage = Speicher;
# hash = Hash; link = Link; web link = Web-Link; privately = privat; background worker = Hintergrundprozess;
# upload = hochladen; extension = Erweiterung; gateway = Gateway; call = Aufruf.

## The page.

time-title = Was geschehen ist
time-help = Gehen Sie zu einem Zeitpunkt, um Ihre Liste zu sehen, wie sie damals war. Hier sind die letzten 30 Tage, oder weniger, wenn viel geschehen ist.
time-reading = Wird gelesen …
time-beginning = Der Anfang
time-nothing = Die Liste war leer.
time-moment = Zeitpunkt
time-before = Schritt zurück
time-after = Schritt vor
time-now = Zum Ende
time-count = { NUMBER($at) } von { NUMBER($last) }
time-file = Als Datei
time-file-help = Für einen Fehlerbericht lässt sich all das als Datei speichern und in einem anderen Browser öffnen. Namen, Links, Schlüssel, Hashes, Peers und Adressen sind durch Nummern ersetzt.
time-export = Als Datei speichern
time-open = Datei öffnen
time-back = Zurück zu diesem Browser
time-forget = Vergessen, was geschehen ist
time-forget-question = Vergessen, was bisher geschehen ist? Ihre Liste und Ihre Dateien bleiben, wie sie sind.
time-no-file = Diese Datei enthält keinen Verlauf von Fluence Share. Wählen Sie eine, die auf dieser Seite gespeichert wurde.
time-of-file = Das ist der Verlauf in der Datei { $name }, nicht der dieses Browsers.

## What happened, in a few words.

event-about = { $name }: { $what }
event-share-began = Sie haben begonnen, das zu teilen
event-fetch-began = Sie haben begonnen, das abzurufen
event-described = Name, Art oder Größe wurden bekannt
event-named = Sie haben den Namen oder Ihre Notiz geändert
event-thumbnail = Ein kleines Bild davon wurde erstellt
event-hashed = Es hat seinen Link bekommen
event-requested = Jemand hat danach gefragt
event-upload-began = Das Hochladen hat begonnen
event-upload-sent = Ein Teil davon wurde hochgeladen
event-uploaded = Es wurde hochgeladen
event-upload-failed = Das Hochladen ist gescheitert
event-limited = Sie haben festgelegt, wann es nicht mehr geteilt wird
event-as-page = Sie haben gewählt, die Webseite zu teilen
event-asks-first = Sie haben festgelegt, ob Sie zuerst gefragt werden
event-provided = Sie haben begonnen, es ebenfalls zu teilen
event-not-provided = Es wird nicht mehr geteilt
event-saved = Es wurde gespeichert
event-stays = Es wird dort gelesen, wo Sie es haben
event-merged = Dieselbe Datei war schon in der Liste
event-removed = Eine Datei wurde entfernt
event-unconfirmed = Die Erweiterung wurde wieder gestartet
event-confirmed = Andere finden wieder, was Sie teilen
event-released = Ein Speicher hat eine Kopie gelöscht
event-withdrawn = Den Knoten wurde mitgeteilt, was nicht mehr geteilt wird
event-settings = Die Einstellungen wurden geändert
event-started = Die Erweiterung wurde gestartet

## What was changed in the settings; hosts follow those that end with a colon.

then-no-node = Es gab keinen Knoten mehr.
then-one-node = Von da an gab es 1 Knoten:
then-nodes = Von da an gab es diese Knoten:
then-own-ipfs = Was Sie teilten, wurde von da an zu diesem IPFS-Knoten als Ihrem eigenen hochgeladen:
then-no-own-ipfs = Ihr eigener IPFS-Knoten wurde nicht mehr verwendet.
then-public = Was niemand teilte, wurde von da an im öffentlichen IPFS gesucht, ohne Sie zu fragen.
then-not-public = Was niemand teilte, wurde nicht mehr von selbst im öffentlichen IPFS gesucht.
then-routers = Das öffentliche IPFS wurde von da an durchsucht über:
then-gateways = Dateien des öffentlichen IPFS kamen von da an über:
then-provide = Was Sie abriefen, wurde von da an mit anderen geteilt.
then-not-provide = Was Sie abriefen, wurde nicht mehr mit anderen geteilt.
then-private = Was Sie teilten, war von da an privat, solange Sie nichts anderes angaben.
then-not-private = Was Sie teilten, war von da an nur privat, wenn Sie es angaben.
then-session = Dieser Browser bekam eine andere Peer-ID, und bei jedem Start wieder eine andere.
then-not-session = Dieser Browser bekam die Peer-ID zurück, die er behalten hatte.
then-rest = Grenzen oder andere Einstellungen haben sich geändert.
