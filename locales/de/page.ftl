# The page that a node shows for web links.
#
# Deutsch. Anrede: Sie. Anführungszeichen: „…“.
# Wörter: share = teilen; fetch = abrufen; node = Knoten; peer = Peer; provider = Anbieter; storage = Speicher;
# hash = Hash; link = Link; web link = Web-Link; privately = privat; background worker = Hintergrundprozess;
# upload = hochladen; extension = Erweiterung; gateway = Gateway; call = Aufruf.

title = Eine geteilte Datei
progress-label = Fortschritt
try-again = Noch einmal versuchen
about-page = Diese Seite holt die Datei von dem Knoten, den Sie geöffnet haben, und vergleicht jedes Byte mit dem Hash im Link. Was in der Adresse nach # steht, bleibt in Ihrem Browser.
waiting = Die Datei wird angefragt. Hat der Knoten sie nicht, so fragt er den, der sie teilt …
plain-checked = Jedes Byte wurde mit dem Hash im Link verglichen.
private-checked = Jedes Byte wurde mit dem Hash im Link verglichen und in diesem Browser entschlüsselt.
plain-streamed = Jedes Byte wird mit dem Hash im Link verglichen, bevor es gezeigt oder gespeichert wird.
private-streamed = Jedes Byte wird mit dem Hash im Link verglichen und in diesem Browser entschlüsselt, bevor es gezeigt oder gespeichert wird.
save = Speichern
show = Anzeigen
private = privat
lacks-key = Das ist eine private Datei, und im Link fehlt der Schlüssel. Nur ihre verschlüsselten Bytes lassen sich speichern. Bitten Sie die Person, von der der Link kommt, um den ganzen Link.
acts = Eine Datei dieser Art kann etwas tun, wenn man sie öffnet, etwa ein Programm ausführen. Hier wird sie nie geöffnet. Speichern Sie sie, und öffnen Sie sie nur, wenn Sie der Person vertrauen, die sie gemacht hat.
cut = (Der Rest steht in der Datei.)
# The title of the frame in which a PDF is shown.
preview = Vorschau

## Files that are too large to be shown.

large-download = Die Datei ist zu groß, um hier angezeigt zu werden. Sie können sie speichern.
large-choice = Die Datei ist zu groß, um hier angezeigt zu werden. Sie können sie an einem Ort Ihrer Wahl speichern.
large-memory = Die Datei ist zu groß, um hier gezeigt zu werden. Zum Speichern hält dieser Browser alles im Arbeitsspeicher, { $size }: Browser speichern Dateien nur auf Seiten mit einer https-Adresse, während sie ankommen, und nicht in jedem privaten Fenster.
kept-in-memory = Zum Speichern hält dieser Browser alles im Arbeitsspeicher, { $size }: Browser speichern Dateien nur auf Seiten mit einer https-Adresse, während sie ankommen, und nicht in jedem privaten Fenster.
size-about = etwa { $size }
size-more-than = mehr als { $size }

## What was saved, and how many files there are.

saved-download = „{ $name }“ liegt im Download-Ordner.
saved-memory = Der Browser hat „{ $name }“ und fragt vielleicht, ob Sie die Datei behalten wollen.
saved-choice = „{ $name }“ ist gespeichert.
save-named = { $name } speichern
saved-as = „{ $name }“ wird als „{ $saved }“ gespeichert.
links-left-out = Diese symbolischen Verknüpfungen sind nicht dabei:
names-changed = Diese Namen mussten geändert werden:
file-count =
    { $count ->
        [one] 1 Datei
       *[other] { $count } Dateien
    }
file-count-listed =
    { $count ->
        [one] { $count } Datei, von denen die ersten { NUMBER($listed) } aufgeführt sind. Die Erweiterung und `fluence fetch` speichern alle.
       *[other] { $count } Dateien, von denen die ersten { NUMBER($listed) } aufgeführt sind. Die Erweiterung und `fluence fetch` speichern alle.
    }

## What went wrong, and what to do next.

do-again = Versuchen Sie es gleich noch einmal.
do-ask-again = Bitten Sie den, der ihn geschickt hat, noch einmal um den Link.
not-there = Der Knoten hat die Datei nicht, und niemand, der sie teilt, ist jetzt erreichbar.
do-not-there = Wer sie teilt, muss online sein. Versuchen Sie es später noch einmal.
node-busy = Der Knoten ist ausgelastet.
node-refused = Der Knoten gibt diese Datei nicht heraus.
node-unreachable = Der Knoten ist nicht erreichbar.
do-node-unreachable = Prüfen Sie die Verbindung zum Internet, und versuchen Sie es noch einmal.
node-silent = Der Knoten hat eine Weile nichts gesendet.
node-broken = Die Verbindung zum Knoten ist abgebrochen.
not-saved = Der Browser hat die Datei nicht gespeichert.
cancelled = Das Speichern wurde abgebrochen.
do-cancelled = Speichern Sie die Datei noch einmal, wenn Sie sie haben wollen.
not-shown = Diese Datei kann hier nicht gezeigt werden.
do-not-shown = Speichern Sie sie, um sie anzusehen.
key-gone = Der Schlüssel dieses privaten Links steht nicht mehr in der Adresse: Diese Seite hat ihn beim Öffnen herausgenommen, damit ihn dort niemand liest.
do-key-gone = Öffnen Sie den Link, den Sie bekommen haben, noch einmal.
not-secure = Browser entschlüsseln nur auf Seiten mit einer https-Adresse.
do-not-secure = Öffnen Sie den Link unter einer https-Adresse des Knotens, oder rufen Sie ihn mit der Erweiterung ab.
no-file = Diese Adresse führt zu einem Knoten und nicht zu einer Datei.
do-no-file = In Links zu Dateien steht nach # der Hash der Datei.
not-a-link = Das ist nicht der Link einer Datei.
bad-key = Der Schlüssel am Ende des Links ist nicht vollständig.
do-bad-key = Kopieren Sie den ganzen Link bis zum letzten Zeichen.
wrong-bytes = Der Knoten hat etwas anderes gesendet, als der Link benennt. Deshalb wurde nichts davon verwendet.
do-wrong-bytes = Öffnen Sie den Link bei einem anderen Knoten, oder rufen Sie ihn mit der Erweiterung ab.
unverifiable = Der Hash der Datei ist von einer Art, die diese Seite nicht prüfen kann.
do-unverifiable = Bitten Sie den, der die Datei teilt, um einen anderen Link.
not-a-file = Das ist keine Datei und kein Ordner, der hier geöffnet werden kann.
not-decrypted = Der Browser konnte die Datei nicht entschlüsseln.
not-private = Der Link hat einen Schlüssel, aber wozu er führt, ist nicht privat geteilt.
wrong-key = Der Schlüssel im Link passt nicht.
altered = Wozu der Link führt, wurde nach dem Verschlüsseln verändert oder abgeschnitten. Deshalb wurde nichts weiter davon verwendet.
bad-archive = Wozu der Link führt, enthält Dateien, die nicht übernommen werden können.
