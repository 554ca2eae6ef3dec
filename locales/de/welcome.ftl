# The first page.
#
# Deutsch. Anrede: Sie. Anführungszeichen: „…“.
# Wörter: share = teilen; fetch = abrufen; node = Knoten; peer = Peer; provider = Anbieter; storage = Speicher;
# hash = Hash; link = Link; web link = Web-Link; privately = privat; background worker = Hintergrundprozess;
# upload = hochladen; extension = Erweiterung; gateway = Gateway; call = Aufruf.

## The first page.

welcome-title = Willkommen bei Fluence Share
welcome-again = Die erste Seite noch einmal ansehen
welcome-lead = Dateien von Browser zu Browser senden.
welcome-choices = Einmal wählen
welcome-later = Alles davon lässt sich in den Einstellungen ändern.
welcome-node = Knoten
welcome-more = Einen anderen Knoten oder die Knoten einer Gruppe verwenden
welcome-reading = Von Websites lesen
welcome-reading-ask = Fluence Share fragt jedes Mal, wenn Sie etwas teilen, das auf einer anderen Website liegt. Sie können stattdessen jetzt alle Websites erlauben.
welcome-reading-all = Fluence Share darf von jeder Website lesen und tut es nur für das, was Sie teilen.
welcome-private = Privat teilen, solange ich nichts anderes angebe
welcome-provide = Mit anderen teilen, was ich abrufe
welcome-public-help = Die Router und Gateways, die dann gefragt werden, erfahren den Hash der Datei und Ihre Netzwerkadresse.
try-title = Probieren Sie es aus
try-again = Noch einmal probieren
try-lead = Das teilt eine kleine Textdatei und ruft sie durch das Netzwerk wieder ab.
try-waits = Es gibt noch keine Verbindung, deshalb wird auf einen Knoten gewartet.
try-made = Eine Datei entsteht in diesem Browser
try-hashed = Ihr Hash wird ihr Name
try-shared = Ein Fremder findet sie und erreicht diesen Browser
try-back = Der Knoten fordert sie an, und sie kommt zurück
try-same = Sie kam zurück, und jedes Byte ist gleich.
try-other = Es kam etwas anderes zurück.
try-not-back = Sie kam nicht durch den Knoten zurück.
try-no-web = Ihr Knoten öffnet keine Web-Links, deshalb kann er die Datei nicht für Sie abrufen. Öffnen Sie den Link in einem anderen Browser mit Fluence Share, um sie ankommen zu sehen.
try-link = Ihr Link
try-link-help = Wer ihn in einem anderen Browser mit Fluence Share öffnet, bekommt die Datei.
try-remove = Probedatei entfernen
try-removed = Die Probedatei ist entfernt.
try-done = Zu Ihren Dateien

## What a person should know.

fact-what = Was geteilt wird
fact-what-text = Nur was Sie auswählen; es bleibt auf diesem Computer, bis jemand danach fragt.
fact-whom = Mit wem
fact-whom-text = Wer den Link einer Datei hat, kann sie abrufen: solange dieser Browser offen ist, und danach noch eine Weile von einem Speicher, der eine Kopie hat.
fact-seen = Was andere sehen können
fact-seen-text = Wer eine Datei weitergibt, sieht Ihre Netzwerkadresse, und die Datei selbst, wenn Sie sie nicht privat teilen; dann sieht er nur, wie groß sie ist.
fact-node = Was ein Knoten ist
fact-node-text = Ein Computer, der Browser miteinander bekannt macht und Dateien auf ihrem Weg aufbewahrt; ein Freund betreibt ihn, oder Sie selbst.

## The text of the sample file.

sample =
    Hallo!

    Dieser Text entstand in einem Browser, { $now }.
    Er hat diesen Browser nur verlassen, weil Sie es wollten.

    This text was made in a browser, { $now }.
    It left that browser only because you asked for it.
