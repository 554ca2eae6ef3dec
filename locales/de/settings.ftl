# The settings.
#
# Deutsch. Anrede: Sie. Anführungszeichen: „…“.
# Wörter: share = teilen; fetch = abrufen; node = Knoten; peer = Peer; provider = Anbieter; storage = Speicher;
# hash = Hash; link = Link; web link = Web-Link; privately = privat; background worker = Hintergrundprozess;
# upload = hochladen; extension = Erweiterung; gateway = Gateway; call = Aufruf.

## The settings.

options-nodes = Knoten
options-nodes-help = Knoten machen Sie mit anderen Peers bekannt und bewahren Dateien auf ihrem Weg auf. Der nächstgelegene wird verwendet; Dateien gehen an den ersten in dieser Reihenfolge, der sie annimmt.
options-nodes-text = Adressen der Knoten
options-nodes-text-help = Eine je Zeile, zum Beispiel /dns4/node.example.org/tcp/443/tls/ws.
options-nodes-reset = Vorgabe verwenden
options-nodes-none = Ohne einen Knoten kann nichts geteilt oder abgerufen werden.
options-sharing = Was ich teile
options-profile = Form neuer Hashes
options-profile-2025 = bafy… (UnixFS 2025, empfohlen)
options-profile-2015 = Qm… (UnixFS 2015, für alte Programme)
options-copy = Den Link sofort kopieren
options-private = Privat: Nur wer den Link hat, kann es lesen
share-privately = Privat
private = Privat
private-help = Es wird verschlüsselt, bevor es diesen Browser verlässt. Nur wer den Link hat, kann es lesen oder seinen Namen sehen.
options-ends = Nicht mehr teilen
options-sent-day = An einem Tag höchstens hochladen
options-sent-file = Größte Datei, die hochgeladen wird
options-no-limit = keine Grenze
options-metered = Auch über getaktete Verbindungen hochladen
options-metered-now = Das Netz, das ich gerade benutze, ist getaktet
options-metered-help = Nicht jeder Browser erkennt, welche Netze getaktet sind. Was Sie hier angeben, gilt, bis Sie es ändern.
metered = Dieses Netz ist getaktet: Darüber wird nichts hochgeladen. Was vorher hochgeladen wurde, bleibt in seinem Speicher.
metered-not = Es ist nicht getaktet
ends-help = Wann das, was Sie teilen, von selbst nicht mehr geteilt wird
ends-as-set = Wie in den Einstellungen
ends-change = Ändern …
ends-label = Endet
pause-all = Alles Teilen anhalten
resume-all = Weiter teilen
paused = Das Teilen ist angehalten: Nichts verlässt diesen Computer. Was vorher hochgeladen wurde, bleibt in seinem Speicher.
options-notify = Benachrichtigungen zeigen
options-fetching = Was ich abrufe
options-save = Sofort im Download-Ordner speichern
options-provide = Auch mit anderen teilen
options-max = Größte Datei überhaupt
options-max-help = Größere Dateien werden weder geteilt noch abgerufen.
options-room = Platz für alle Dateien zusammen
options-room-auto = automatisch
options-copy-large = Große Dateien beim Teilen kopieren
options-copy-large-help = Sonst werden Dateien ab 16 MB dort gelesen, wo Sie sie haben, und belegen keinen Platz. Nach einem Neustart des Browsers werden sie wieder geteilt, wenn Sie klicken.
options-ipfs = Mein eigener IPFS-Knoten
options-ipfs-use = Was ich teile, auf meinem eigenen IPFS-Knoten ablegen
options-ipfs-help = Er wird statt des Speichers verwendet, den Knoten anbieten. Anderen wird die Adresse des Gateways genannt, deshalb müssen sie sie erreichen können.
options-rpc = RPC-Adresse
options-gateway = Gateway-Adresse
options-test = Testen
options-testing = Wird getestet …
options-test-good = Beide antworten, wie sie sollen.
options-test-local = Beide antworten, wie sie sollen, aber niemand außerhalb dieses Computers kann das Gateway erreichen. Verwenden Sie eine Adresse, die andere erreichen können.
reading-title = Websites lesen
reading-help = Um etwas zu teilen, das auf einer anderen Website liegt als die Seite, muss Fluence Share es dort lesen. Es fragt für jede Website, wenn Sie von ihr teilen, oder einmal für alle. Nichts wird gelesen, bevor Sie es teilen.
private-windows = In privaten Fenstern tut Fluence Share nichts: Es führt eine Liste dessen, was Sie teilen und abrufen, und ein privates Fenster soll keine Spur hinterlassen.
reading-allow = Jede Website erlauben
reading-every = Jede Website
reading-give-back = Zurücknehmen
options-look = Aussehen
options-save-button = Einstellungen speichern
options-saving = Wird gespeichert …
options-saved = Gespeichert.
options-unsaved = Es gibt ungespeicherte Änderungen.
options-revert = Änderungen verwerfen
options-wrong = Oben stimmt etwas noch nicht.
public = Das öffentliche IPFS
public-help = Teilt hier niemand eine Datei, so kann sie im öffentlichen IPFS gesucht werden. Die Router und Gateways unten erfahren dann ihren Hash und Ihre Netzwerkadresse; was sie senden, wird geprüft wie alles andere.
public-allow = Im öffentlichen IPFS nach Dateien suchen, die niemand teilt
public-routers = Router, die wissen, wer eine Datei hat
public-gateways = Gateways, die nach denen gefragt werden, die Router nennen
public-question = Vielleicht ist die Datei im öffentlichen IPFS. Wer dort gefragt wird, erfährt den Hash und Ihre Netzwerkadresse.
public-look = Dort suchen
public-never = Nie dort suchen
report = Bericht speichern
report-help = Wenn etwas nicht funktioniert, hilft ein Bericht denen, die den Fehler suchen. Er sagt, was wann geschehen ist. Namen, Links, Schlüssel, Hashes, Peers und Adressen sind durch Nummern ersetzt.
keys = Tastatur und Links
key-none = Keine Taste
keys-help = Der Browser führt die Tasten aller Erweiterungen auf einer Seite, wo Sie sie ändern können: chrome://extensions/shortcuts.
keys-help-firefox = Der Browser führt die Tasten aller Erweiterungen auf einer Seite, wo Sie sie ändern können: „Tastenkombinationen für Erweiterungen verwalten“ im Menü von about:addons.
keys-change = Tasten ändern
keys-refused = Der Browser hat seine Seite nicht geöffnet. Geben Sie ihre Adresse in die Adressleiste ein.
keyword-help = Geben Sie in der Adressleiste fl, ein Leerzeichen und einen Link oder einen Hash ein, um zu sehen, was es ist, und um es abzurufen.
links-help = Links, die mit web+fluence: oder ipfs: beginnen, können sich hier öffnen, von jeder Seite aus. Nichts wird abgerufen, bevor Sie „Abrufen“ drücken.
links-ask = Solche Links hier öffnen
links-asked = Der Browser fragt in oder neben der Adressleiste.
links-at-click = Der Browser fragt, welches Programm sie öffnet, wenn Sie zum ersten Mal auf einen klicken.
links-refused = Der Browser lässt eine Erweiterung solche Links nicht öffnen. Kopieren Sie sie stattdessen in das Feld.
options-about = Über
options-about-text = Alles ist ein Funktionsaufruf: Eine Datei ist eine Funktion, auf die ihr Besitzer antwortet. Nichts verlässt Ihren Browser, bevor jemand danach fragt, und jedes Byte, das Sie abrufen, wird mit seinem Hash verglichen.
options-version = Version

## The settings, further: nodes, notifications, identity, and the settings file.

options-folder = Ordner im Download-Ordner
options-folder-none = keiner
options-notices = Benachrichtigungen
notify-shared = Eine Datei wird geteilt
notify-fetched = Eine Datei ist angekommen
notify-failed = Etwas ist fehlgeschlagen
notify-asked = Jemand fragt nach einer Datei, bei der ich gefragt werden will
options-advanced = Erweitert
options-advanced-help = Die Form der Hashes, Grenzen, Adressen von Knoten, ein eigener IPFS-Knoten
options-limits = Grenzen
node-add = Hinzufügen
node-add-label = Adresse eines Knotens oder einer Liste von Knoten
node-add-help = Wie /dns4/node.example.org/tcp/443/tls/ws, oder https://example.org für die Liste einer Gruppe.
node-adding = Die Liste wird gelesen …
node-qr = Als QR-Code zeigen
node-qr-help = Wer ihn scannt, erhält diese Adresse. In Fluence Share lässt sich hier ein Bild davon lesen.
node-qr-of = QR-Code mit der Adresse { $address }
node-scan = QR-Code lesen
node-scan-none = In diesem Bild ist kein QR-Code mit der Adresse eines Knotens oder einer Liste von Knoten.
node-known = Dieser Knoten steht schon in der Liste.
nodes-known = Diese Knoten stehen schon in der Liste.
node-up = Nach oben: früher verwenden
node-down = Nach unten: später verwenden
node-remove = Diesen Knoten entfernen
node-test = Testen
node-testing = Verbindung wird hergestellt …
node-unsaved = Noch nicht verwendet: Speichern Sie die Einstellungen
node-connecting = Verbindet …
node-spare = Nicht verbunden: andere reichen aus
node-found = durch das Netzwerk gefunden
network-open = Netzwerk und Aufrufe ansehen
identity = Identität
identity-help = Andere kennen diesen Browser an seiner Peer-ID. Er hat keinen Namen und kein Konto.
identity-new = Neue Identität
identity-question = Ihre Peer-ID durch eine neue ersetzen? Ihre Dateien bleiben unter denselben Links geteilt. Was vorher hochgeladen wurde, bleibt in seinem Speicher, bis es dort abläuft, denn nur die alte Identität könnte es zurücknehmen. Das lässt sich nur rückgängig machen, wenn Sie die alte gesichert haben.
identity-confirm = Ersetzen
identity-done = Dieser Browser hat eine andere Identität.
identity-waits = Das dauert einen Moment …
identity-saved = Der Browser speichert die Identität in Ihrem Download-Ordner.
identity-session = Bei jedem Start des Browsers eine andere Identität verwenden
identity-session-help = Dann erkennt niemand diesen Browser an seiner Peer-ID wieder. Was er unter einer früheren hochgeladen hat, bleibt in seinem Speicher, bis es dort abläuft. Die jetzige Identität wird aufbewahrt und wieder verwendet, sobald Sie dies ausschalten.
identity-save = Identität sichern
identity-save-question = Wählen Sie eine lange Passphrase: Wer die Datei hat, kann eine nach der anderen probieren, und wer sie findet, kann sich für Sie ausgeben. Niemand kann sie Ihnen wiedergeben.
identity-save-confirm = Sichern
identity-use = Gesicherte verwenden
identity-use-question = Ihre Peer-ID durch die in dieser Datei ersetzen? Zur jetzigen gibt es kein Zurück, außer wenn Sie sie gesichert haben. Verwenden Sie eine Identität nicht in zwei Browsern zugleich, denn ein Aufruf würde nur einen davon erreichen.
identity-too-large = Diese Datei ist zu groß für eine Identität. Nichts wurde geändert.
passphrase = Passphrase
passphrase-again = Noch einmal dieselbe
passphrase-short = Verwenden Sie mindestens 8 Zeichen.
passphrase-differs = Die beiden sind nicht gleich.
copy = Kopieren
file = Einstellungsdatei
file-help = Alle Einstellungen außer der Sprache, für einen anderen Browser oder für später. Sie enthält keine Dateien, keine Links und keine Schlüssel.
export = Einstellungen exportieren
not-saved = Der Browser hat die Datei nicht gespeichert.
import = Einstellungen importieren
import-confirm = Meine ersetzen
import-cancel = Meine behalten
import-too-large = Diese Datei ist zu groß für eine Datei mit Einstellungen. Nichts wurde geändert.
import-unreadable = Diese Datei ist nicht lesbar. Nichts wurde geändert.
import-question = Alle Einstellungen durch die dieser Datei ersetzen?
import-done = Die Einstellungen der Datei werden jetzt verwendet.

## The language.

look-language = Sprache
look-language-auto = Wie der Browser

## The units in which sizes are typed.

unit-megabytes = MB
unit-gigabytes = GB
unit-terabytes = TB

## The keys.

key-open = Fluence Share öffnen
key-share = Dateien teilen

## What is said with numbers and names.

nodes-left =
    { $count ->
        [one] Ein Knoten wurde nicht hinzugefügt: Mehr als { NUMBER($most) } kann es nicht geben. Entfernen Sie zuerst einen der anderen.
       *[other] { $count } Knoten wurden nicht hinzugefügt: Mehr als { NUMBER($most) } kann es nicht geben. Entfernen Sie zuerst einen der anderen.
    }
of-node = { $what }: { $host }
node-online = Verbunden · macht Sie erreichbar
node-full = Verbunden · hat keinen Platz, um Sie erreichbar zu machen
node-not-reachable = Nicht erreichbar. { $cause }
node-connecting-again = Verbindet … { $cause }
tested-in = Er funktioniert: Er antwortet in { $time } und macht Sie erreichbar.
tested-good = Er funktioniert und macht Sie erreichbar.
tested-in-fetch-only = Er antwortet in { $time }, aber Sie können darüber nur abrufen. { $cause }
tested-fetch-only = Sie können sich mit ihm verbinden, aber er macht Sie nicht erreichbar. { $cause }
tested-bad = Er funktioniert nicht. { $cause }

## What a settings file would change.

import-no-node = Es gibt keinen Knoten: Bis Sie einen hinzufügen, lässt sich nichts teilen oder abrufen.
import-one-node = Es gibt 1 Knoten:
import-nodes = Es gibt diese Knoten:
import-own-ipfs = Was Sie teilen, wird zu diesem IPFS-Knoten hochgeladen, als wäre er Ihr eigener:
import-no-own-ipfs = Ihr eigener IPFS-Knoten wird nicht mehr verwendet.
import-public = Was niemand teilt, wird im öffentlichen IPFS gesucht, ohne Sie zu fragen.
import-not-public = Was niemand teilt, wird nicht von selbst im öffentlichen IPFS gesucht.
import-routers = Das öffentliche IPFS wird durchsucht über:
import-gateways = Dateien des öffentlichen IPFS kommen über:
import-provide = Was Sie abrufen, wird mit anderen geteilt.
import-not-provide = Was Sie abrufen, wird nicht mit anderen geteilt.
import-private = Was Sie teilen, ist privat, solange Sie nichts anderes angeben.
import-not-private = Was Sie teilen, ist nicht privat, solange Sie nichts anderes angeben.
import-session = Dieser Browser bekommt jetzt eine andere Peer-ID, und bei jedem Start wieder.
import-not-session = Dieser Browser bekommt die Peer-ID zurück, die er behält.
import-rest = Auch Grenzen oder andere Einstellungen ändern sich.
