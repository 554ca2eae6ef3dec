# The popup, the tab and the side panel: the connection, the field, the list of files and what can be done with them.
#
# Deutsch. Anrede: Sie. Anführungszeichen: „…“.
# Wörter: share = teilen; fetch = abrufen; node = Knoten; peer = Peer; provider = Anbieter; storage = Speicher;
# hash = Hash; link = Link; web link = Web-Link; privately = privat; background worker = Hintergrundprozess;
# upload = hochladen; extension = Erweiterung; gateway = Gateway; call = Aufruf.

## The connection.

network-starting = Startet …
network-no-node = Kein Knoten eingestellt
network-connecting = Verbindet …
network-online = Bereit zum Teilen und Abrufen
network-offline = Nicht verbunden
network-unreachable = Bereit zum Abrufen, nicht zum Teilen
unreachable-advice = Der Knoten hat keinen Platz, um einen weiteren Peer erreichbar zu machen. Sie können abrufen, aber niemand kann von Ihnen abrufen. Es wird von selbst noch einmal versucht; ein anderer Knoten hat vielleicht Platz.
network-label = Verbindung
no-node-advice = Zum Teilen und Abrufen braucht Fluence Share die Adresse mindestens eines Knotens. Fragen Sie jemanden, der einen betreibt, oder betreiben Sie selbst einen.
no-node-button = Knoten hinzufügen
try-now = Jetzt versuchen
worker-starting = Startet …
worker-lost = Der Hintergrundprozess wurde beendet. Die Verbindung zu ihm wird wiederhergestellt …
worker-silent = Der Hintergrundprozess antwortet nicht. Wenn Sie die Erweiterung neu starten, geht nichts verloren, was geteilt oder abgerufen wurde.
worker-reload = Fluence Share neu starten
worker-strange = Diese Seite und der Hintergrundprozess haben verschiedene Versionen. Schließen Sie diese Seite, und öffnen Sie sie noch einmal.

## The header and the theme.

open-tab = In einem Tab öffnen
open-panel = In der Seitenleiste öffnen
panel-refused = Der Browser hat die Seitenleiste nicht geöffnet.
settings = Einstellungen
back = Zu den Dateien
theme = Farben
theme-auto = Wie das System
theme-light = Hell
theme-dark = Dunkel

## The field in which one pastes, and onto which one drops.

give = Abrufen oder teilen
give-hint = Link einfügen oder Dateien ablegen
fetch = Abrufen
fetch-given = Das kam von einem Link oder aus der Adressleiste. Nichts wird abgerufen, bevor Sie „Abrufen“ drücken.
fetch-paste = Aus der Zwischenablage einfügen
fetch-paste-refused = Der Browser hat nicht erlaubt, die Zwischenablage zu lesen. Klicken Sie in das Feld, und drücken Sie Strg+V (⌘V auf einem Mac).
share-choose = Dateien wählen
share-folder = Ordner
share-drop-now = Zum Teilen loslassen
share-how = Wie mehrere Dateien geteilt werden
share-each = Ein Link für jede Datei
share-together = Ein Link für alle, als Ordner
share = Teilen
cancel = Abbrechen
share-handing = Die Dateien werden dem Hintergrundprozess übergeben. Lassen Sie diese Seite noch einen Augenblick offen …
share-empty = In dem, was Sie abgelegt haben, waren keine Dateien.
# The name of a file that is made of a text from the clipboard.
pasted-text = Eingefügter Text
share-unreadable = Manches davon war nicht lesbar. Prüfen Sie, ob es noch da ist und gelesen werden darf, und legen Sie es dann noch einmal ab.
share-big = Viele oder große Dateien wählt man leichter in einem Tab aus:

## What is at the link in the field.

looking = Es wird gefragt, wer das teilt …
look-here = Es ist schon in Ihrer Liste.
look-private = Eine private Datei. Name und Art stehen darin.
look-acts = Eine Datei dieser Art kann etwas tun, wenn man sie öffnet, etwa ein Programm ausführen. Hier wird sie nie geöffnet; rufen Sie sie nur ab, wenn Sie der Person vertrauen, die sie gemacht hat.
lacks-key = Das sind womöglich verschlüsselte Bytes: eine private Datei, deren Link seinen Schlüssel verloren hat, also alles ab dem Zeichen #. Bitten Sie die Person, von der der Link kommt, um den ganzen Link, und fügen Sie ihn hier ein.
look-from = von { $peer }, gerade online
look-nobody = Niemand, der online ist, teilt das gerade.
kind-image = Bild
kind-video = Video
kind-audio = Ton
kind-document = Dokument
kind-archive = Archiv
kind-folder = Ordner

## The files on the page.

page-title = Diese Seite
page-reading = Auf der Seite wird nach Dateien gesucht …
page-none = Keine Dateien auf dieser Seite
page-none-advice = Von hier kamen keine Downloads, und die Seite verweist auf keine Dateien. Klicken Sie mit der rechten Maustaste auf etwas darauf, um es zu teilen.
page-downloads = Von hier heruntergeladen
page-links = Auf dieser Seite
page-closed = Diese Seite kann nicht gelesen werden
page-closed-advice = Der Browser lässt Erweiterungen sie nicht lesen. Bei anderen Seiten erscheinen hier deren Dateien.
page-links-refused = Der Browser hat Fluence Share die Seite nicht lesen lassen. Öffnen Sie es auf der Seite aus der Symbolleiste, um ihre Links zu sehen.
page-sharing = Wird geteilt …
page-all = Alle auswählen

## The question for permission.

access-allow = Zugriff erlauben
access-not-now = Nicht jetzt
access-refused = Der Zugriff wurde nicht gewährt, also wurde nichts gelesen. Sie können ihn jederzeit erlauben.

## The list of items.

items-title = Ihre Dateien
filter-all = Alle
filter-shared = Geteilt
filter-fetched = Abgerufen
search = Ihre Dateien durchsuchen
empty-all = Hier ist noch nichts
empty-all-advice = Klicken Sie auf einer beliebigen Seite mit der rechten Maustaste auf einen Link, ein Bild oder ein Video, und wählen Sie „Über Fluence teilen“, oder legen Sie hier eine Datei ab. Zum Abrufen fügen Sie oben einen Link ein.
empty-shared = Noch nichts geteilt
empty-shared-advice = Legen Sie hier eine Datei ab, oder klicken Sie auf einer Seite mit der rechten Maustaste auf etwas, und wählen Sie „Über Fluence teilen“.
empty-fetched = Noch nichts abgerufen
empty-fetched-advice = Fügen Sie einen Link, den Ihnen jemand geschickt hat, oben in das Feld ein.
empty-search = Keine Datei passt
empty-search-advice = Versuchen Sie es mit einem Teil des Namens, Ihrer Notiz oder des Hashes.

## The room that the files take.

free = Platz schaffen
room-short = Der Platz wird knapp.
free-fetched = Abgerufene
free-stopped = Nicht mehr geteilte
free-failed = Fehlgeschlagene
free-week = Seit einer Woche nicht benutzte
free-month = Seit einem Monat nicht benutzte
free-listed = Alle aufgeführten
free-help = Kopien, die Sie gespeichert haben, bleiben.

## The order of the files, and those that are selected.

sort-title = Sortieren und aufräumen
clear-old = Altes entfernen …
select = Dateien auswählen
selected-label = Ausgewählte Dateien
remove-selected = Entfernen?
select-end = Fertig
copy-links = Links kopieren
copy-link = Link kopieren
copy-web-link = Web-Link kopieren
web-help = Er öffnet sich in jedem Browser, ohne Fluence Share.
web-local-help = Er öffnet sich in jedem Browser dieses Computers, weil der Knoten auf diesem Computer ist.
# Opens the system's own dialog, from which other programs send the link.
send-link = Link senden …
send-refused = Der Browser hat den Link nicht gesendet. Kopieren Sie ihn stattdessen.
qr = QR-Code zeigen
qr-web = Richten Sie die Kamera eines Telefons darauf: Die Datei öffnet sich im Browser des Telefons.
qr-link = Das ist der Link für Fluence Share auf einem anderen Gerät.
qr-too-long = Der Link ist zu lang für einen QR-Code. Kopieren Sie ihn stattdessen.
close = Schließen
copied = Kopiert
link-copied = Link kopiert
copy-refused = Der Browser hat das Kopieren nicht erlaubt. Markieren Sie den Link in den Einzelheiten, und kopieren Sie ihn.
copy-refused-short = Nicht kopiert
save = Speichern
save-again = Noch einmal speichern
stop = Nicht mehr teilen
again = Wieder teilen
share-too = Auch mit anderen teilen
choose-again = Noch einmal auswählen
copies = Im Speicher
pause = Anhalten
resume = Fortsetzen
discard = Verwerfen
retry = Erneut versuchen
share-page = Webseite teilen
remove = Entfernen
now-label = Jetzt
needs-access = Braucht Ihre Erlaubnis
details = Einzelheiten
more-actions = Mehr
askers = Wer angefragt hat
asked-when = Wann
asked-who = Peer
asked-sent = Hochgeladen
log-title = Was geschehen ist
log-reading = Wird gelesen …
log-empty = Noch nichts.
link = Link
web-link = Web-Link
from = Von
saved-as = Gespeichert als
added = Hinzugefügt
unknown-name = Eine Datei
dismiss = Ausblenden
progress-label = Fortschritt
ask-first = Mich fragen, bevor die Datei für jemanden hochgeladen wird

## What is said with numbers and names.

network-with-colon = { $status }:
stalled-out = seit einer Weile hat sich nichts bewegt
stalled-in = seit einer Weile ist nichts gekommen
sort-newest = Neueste zuerst
sort-name = Nach Namen
sort-size = Größte zuerst
sort-asked = Meistgefragte zuerst
seconds-left = noch { NUMBER($count) } s
minutes-left = noch { NUMBER($count) } min
hours-left = noch { NUMBER($hours) } h { NUMBER($minutes) } min
days-left = noch mehr als ein Tag
retry-now = Neuer Versuch …
retry-in = Nächster Versuch in { NUMBER($seconds) } s.
under-a-millisecond = unter 1 ms
millis-taken = { NUMBER($count) } ms
paused-status-shared = Teilen ist angehalten
paused-status-fetched = Abgerufen. Teilen ist angehalten
metered-status-shared = Wartet auf ein anderes Netz
metered-status-fetched = Abgerufen. Wartet auf ein anderes Netz
somebody-asks = Der Peer { $peer } fragt danach. Ohne eine Antwort innerhalb einer Minute bekommt er nichts.
fetches-left =
    { $count ->
        [one] für einen weiteren Abruf
       *[other] für { $count } weitere Abrufe
    }
shared-until = bis { $moment }
file-count =
    { $count ->
        [one] 1 Datei
       *[other] { $count } Dateien
    }
remove-many =
    { $count ->
        [one] 1 Datei entfernen
       *[other] { $count } Dateien entfernen
    }
share-many =
    { $count ->
        [one] 1 Datei teilen
       *[other] { $count } Dateien teilen
    }
room-used = { $size } belegt
room-free = { $size } frei
and-more =
    { $count ->
        [one] und { $count } weitere
       *[other] und { $count } weitere
    }
selected-count =
    { $count ->
        [one] { $count } ausgewählt
       *[other] { $count } ausgewählt
    }
show-more =
    { $count ->
        [one] { $count } weitere zeigen
       *[other] { $count } weitere zeigen
    }
select-named = { $name } auswählen
more-about = Mehr zu { $name }
qr-of = QR-Code mit dem Link zu { $name }
share-named = { $name } teilen
too-many-files =
    { $limit ->
        [one] Das ist mehr als { $limit } Datei. Packen Sie die Dateien in ein Archiv, oder teilen Sie sie in Teilen.
       *[other] Das sind mehr als { $limit } Dateien. Packen Sie sie in ein Archiv, oder teilen Sie sie in Teilen.
    }
announcement = { $name }: { $status }
saved = gespeichert
saved-as-another = gespeichert als „{ $name }“
names-changed =
    { $count ->
        [one] 1 Name geändert
       *[other] { $count } Namen geändert
    }

## The status of a file, in a few words.

status-waiting-for = Wartet auf { $host }
status-reading = Datei wird gelesen
status-hashing = Link wird erstellt
status-announcing = Wird dem Netzwerk mitgeteilt
status-waiting = Wartet auf Verbindung
status-sending = Wird an jemanden gesendet
status-shared = Für andere abrufbar
status-stopped = Nicht mehr geteilt
status-searching = Sucht jemanden, der sie hat
status-asked = Wartet auf eine Antwort
status-downloading = Wird von { $host } abgerufen
status-paused = Angehalten
status-interrupted = Unterbrochen
status-fetched-sending = Abgerufen. Wird an jemanden gesendet
status-fetched-waiting = Abgerufen. Wird geteilt, sobald eine Verbindung da ist
status-fetched-shared = Abgerufen. Sie teilen sie auch
status-fetched-announcing = Abgerufen. Wird dem Netzwerk mitgeteilt
status-fetched = Abgerufen
status-cancelled = Abgebrochen
status-needs-click = Wartet auf einen Klick zum Teilen
status-not-shared = Nicht geteilt
status-not-fetched = Nicht abgerufen

## What others can do with a file now.

now-not-from-you = Niemand kann diese Datei von Ihnen abrufen.
now-only-yours = Sie haben diese Datei. Sie teilen sie nicht mit anderen.
now-paused = Niemand kann diese Datei von Ihnen abrufen, weil das Teilen angehalten ist.
now-metered = Niemand kann diese Datei über dieses Netz von Ihnen abrufen, weil es getaktet ist.
now-offline = Niemand kann diese Datei von Ihnen abrufen, bis wieder eine Verbindung da ist.
now-announcing = Die Datei wird dem Netzwerk mitgeteilt. Gleich kann jeder, der den Link hat, sie abrufen.
now-asks = Jeder, der den Link hat, kann diese Datei anfordern, solange Ihr Browser offen ist, und bekommt sie, wenn Sie es erlauben.
now-shared = Jeder, der den Link hat, kann diese Datei abrufen, solange Ihr Browser offen ist.
copy-until = Kopie bis { $until }
copy-somewhere = Kopie im Speicher
still-at = eine Kopie liegt noch bei { $hosts }
still-at-until = eine Kopie liegt noch bis { $until } bei { $hosts }
still-for-others = andere behalten eine Kopie bei { $hosts }
still-refused = { $hosts } hat die Kopie nicht gelöscht
still-refused-until = { $hosts } hat die Kopie nicht gelöscht und behält sie bis { $until }
removed-files =
    { $count ->
        [one] 1 Datei, die Sie entfernt haben: { $what }
       *[other] { $count } Dateien, die Sie entfernt haben: { $what }
    }
removed-still-at = Kopien liegen noch bei { $hosts }, bis der Knoten dort antwortet.
removed-still-at-until = Kopien liegen noch bei { $hosts }, bis der Knoten dort antwortet, sonst mindestens bis { $until }.
former-still-at = Kopien Ihrer früheren Identität liegen noch bei { $hosts }, bis sie dort ablaufen.
former-still-at-until = Kopien Ihrer früheren Identität liegen noch bei { $hosts }, mindestens bis { $until }.
removed-for-others = andere behalten Kopien bei { $hosts }.
removed-refused = { $hosts } hat Kopien nicht gelöscht.
removed-refused-until = { $hosts } hat Kopien nicht gelöscht und behält sie mindestens bis { $until }.
copy-for-others = { $host }, behalten für andere, die sie auch dort abgelegt haben
copy-not-taken-back = { $host }, nicht gelöscht
kept-until = { $host }, mindestens bis { $until }
asked-times =
    { $count ->
        [one] einmal angefragt
        [2] zweimal angefragt
       *[other] { $count } Mal angefragt
    }
uploaded-size = { $size } hochgeladen

## Who asked, and what was uploaded for it.

more-calls =
    { $count ->
        [one] ein weiterer Aufruf
       *[other] { $count } weitere Aufrufe
    }
sent-nothing = nichts, der Speicher hatte die Datei schon
sent-uploading = wird hochgeladen
sent-failed = fehlgeschlagen
sent-failed-after = { $size }, dann fehlgeschlagen
sent-not-given = nichts, es ließ sich nicht hochladen
earlier-calls =
    { $count ->
        [one] Ein früherer Aufruf steht nicht mehr in dieser Liste.
       *[other] { $count } frühere Aufrufe stehen nicht mehr in dieser Liste.
    }

## When a file stops being shared by itself.

ends-never = Nur wenn ich es sage
ends-one-fetch = Nach einem Abruf
ends-five-fetches = Nach fünf Abrufen
ends-hour = Nach einer Stunde
ends-day = Nach einem Tag
ends-week = Nach einer Woche
ends-month = Nach 30 Tagen

## The question for permission.

access-this = Um das zu teilen, braucht Fluence Share Ihre Erlaubnis, von { $hosts } zu lesen. Der Browser fragt Sie als Nächstes; die Erlaubnis dient nur dazu.
access-one = Um „{ $name }“ zu teilen, braucht Fluence Share Ihre Erlaubnis, von { $hosts } zu lesen. Der Browser fragt Sie als Nächstes; die Erlaubnis dient nur dazu.
access-many = Um „{ $name }“ { $more } zu teilen, braucht Fluence Share Ihre Erlaubnis, von { $hosts } zu lesen. Der Browser fragt Sie als Nächstes; die Erlaubnis dient nur dazu.
all-sites = allen Websites

## Before something is removed.

remove-partial = Verwerfen, was bisher abgerufen wurde?
remove-shared = Aus Fluence Share entfernen? Andere können die Datei dann nicht mehr von Ihnen bekommen; Ihre eigene Datei bleibt.
remove-fetched = Aus Fluence Share entfernen? Was Sie gespeichert haben, bleibt.

## What is in a file or a folder, shown over the page.

show = Ansehen
show-named = { $name } ansehen
save-named = { $name } speichern
preview-waiting = Wird geöffnet …
preview-cut = Das ist der Anfang. Der Rest steht in der Datei.
preview-empty = Es ist nichts darin.
preview-acts = Eine Datei dieser Art kann etwas tun, wenn man sie öffnet: ein Programm ausführen oder etwas verändern. Deshalb wird sie hier nie geöffnet. Speichern Sie sie, und öffnen Sie sie nur, wenn Sie der Person vertrauen, die sie gemacht hat.
preview-none = Dateien dieser Art werden hier nicht angezeigt. Speichern Sie sie, um sie mit einem anderen Programm zu öffnen.
preview-large = Sie ist zu groß, um hier angezeigt zu werden. Speichern Sie sie, um sie mit einem anderen Programm zu öffnen.
preview-broken = Der Browser kann sie nicht anzeigen. Speichern Sie sie, um sie mit einem anderen Programm zu öffnen.
preview-document = Solche Dokumente zeigt der Browser selbst an. Manche tun von sich aus etwas, wenn man sie öffnet; deshalb wird es erst geöffnet, wenn Sie es sagen.
preview-open = Dokument öffnen
preview-back = Zurück zum Ordner
preview-saved = Der Browser speichert sie.
preview-here = { $size } davon sind da
preview-later = Sie kann angezeigt werden, sobald mehr davon da ist.
preview-whole = Sie kann angezeigt werden, sobald sie ganz da ist.
preview-more = Der Rest kommt noch …

## What is in a folder that is not here yet.

inside-show = Zeigen, was darin ist
inside-upload-it = Hochladen lassen
inside-looking = Es wird nachgesehen …
inside-nothing = Es ist nichts darin.
inside-more = Es ist mehr darin, als hier steht. Rufen Sie den Ordner ab, um alles zu haben.
fetch-named = { $name } abrufen
inside-upload-size = Kein Speicher hat diesen Ordner gerade. Um ihn aufzulisten, muss ihn, wer ihn teilt, ganz zu einem Speicher hochladen, { $size }. Sie rufen dann nur ab, was Sie auswählen.
inside-upload-all = Kein Speicher hat diesen Ordner gerade. Um ihn aufzulisten, muss ihn, wer ihn teilt, ganz zu einem Speicher hochladen. Sie rufen dann nur ab, was Sie auswählen.

## The name and the note of a file, before it is shared and after.

rename-and-note = Name und Notiz ändern …
note-only = Notiz …
name-label = Name
note-label = Notiz
note-hint = Nur für Sie sichtbar
name-told = Wer die Datei von nun an abruft, erhält sie unter diesem Namen. Der Link bleibt, wie er ist. Web-Links, die Sie schon verschickt haben, behalten den alten Namen.
name-sealed = Der Name einer privaten Datei ist mit ihr verschlüsselt. Für einen anderen Namen teilen Sie sie noch einmal; sie hat dann einen anderen Link.
name-private = Der Name wird mit der Datei verschlüsselt und lässt sich nach dem Teilen nicht mehr ändern.
name-later = Sie kann einen anderen Namen bekommen, sobald sie ganz hier ist.
names-first = Vor dem Teilen Name und Notiz angeben

## A QR code in a picture that is to be shared.

scanning = Im Bild wird ein QR-Code gesucht. Lassen Sie diese Seite noch einen Augenblick offen …
scanned = Der QR-Code in diesem Bild führt hierher:
scanned-follow = Ansehen, wohin er führt
scanned-share = Dieses Bild teilen
