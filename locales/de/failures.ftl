# What went wrong, what to do next, and why: the words of failures. English is the text that is translated.
#
# Every message here can have these variables: $host (a server), $peer (the id of a peer), $name (of a file, a setting or
# a function), $detail (the words of another program), $codec, $status (an HTTP status), $code, $reason (one of the
# clauses at the end), $limit-size and $size (with its unit), $limit (a number).
#
# The names of buttons in quotation marks are those of files.ftl and settings.ftl.
#
# Deutsch. Anrede: Sie. Anführungszeichen: „…“.
# Wörter: share = teilen; fetch = abrufen; node = Knoten; peer = Peer; provider = Anbieter; storage = Speicher;
# hash = Hash; link = Link; web link = Web-Link; privately = privat; background worker = Hintergrundprozess;
# upload = hochladen; extension = Erweiterung; gateway = Gateway; call = Aufruf.

## What happened.

not-here = Das geht hier nicht.
bad-link-empty = Es gibt noch nichts abzurufen: Fügen Sie einen Hash (er beginnt mit Qm oder bafy) oder einen Link mit fluence: ein.
bad-link-too-long = Das ist zu lang für einen Hash oder einen Link.
bad-link-not-a-file = Das ist die CID von etwas, das keine Datei ist (Codec { $codec }).
bad-link-inside-folder = „{ $detail }“ gehört zu etwas privat Geteiltem, das nur als Ganzes abgerufen werden kann.
bad-link-no-such-entry = In diesem Ordner gibt es kein „{ $detail }“.
bad-link-lowered-cid = „{ $detail }“ ist nicht der Hash einer Datei: { $reason }.
bad-link-bad-key = Der Schlüssel am Ende des Links, nach #, ist beschädigt oder nicht vollständig.
bad-link = „{ $detail }“ ist nicht der Hash einer Datei.
paused-fetch = Sie haben es angehalten.
paused-upload = Sie haben das Teilen angehalten, während die Datei gesendet wurde.
paused = Sie haben es beendet, bevor alles gelesen war.
stopped = Sie haben das Hochladen beendet.
interrupted-upload = Das Hochladen wurde unterbrochen.
interrupted = Es wurde unterbrochen, bevor es fertig war.
interrupted-click = Was Sie angeklickt haben, wurde nicht geteilt: Es war zu groß, um aufbewahrt zu werden, während die Erweiterung neu startete.
file-gone = Die gespeicherte Datei fehlt oder wurde verändert.
bad-setting-too-many-nodes =
    { $limit ->
        [one] Es sind mehr als { $limit } Knoten.
       *[other] Es sind mehr als { $limit } Knoten.
    }
bad-setting-too-long = „{ $name }“ ist zu lang.
bad-setting-zero = Eine Größe muss zwischen 1 Byte und 9 PB liegen.
bad-setting-bad-url = „{ $name }“ ist nicht die Adresse eines IPFS-Knotens.
bad-setting-bad-folder-name = „{ $name }“ kann nicht der Name eines Ordners sein.
bad-setting = „{ $name }“ ist nicht die Adresse eines Knotens: { $reason }.
bad-setting-unknown = Eine Einstellung hat einen Wert, den sie nicht haben kann.
bad-settings-file-bad-value = Der Wert dieser Datei für „{ $name }“ ist nicht lesbar.
bad-settings-file-newer-version = Diese Einstellungen stammen von einer neueren Version von Fluence Share.
bad-settings-file-too-long = Diese Datei ist zu groß für eine Datei mit Einstellungen.
bad-settings-file = Das ist keine Einstellungsdatei von Fluence Share.
bad-identity-file = Diese Datei enthält keine Identität, die hier verwendet werden kann.
wrong-passphrase = Die Passphrase öffnet diese Datei nicht.
node-list = Die Liste der Knoten bei { $host } kann nicht verwendet werden: { $reason }.
call-failed = { $name } liefert kein Ergebnis: { $reason }.
unknown-item = Diese Datei steht nicht mehr in der Liste.
too-many-items = In der Liste stehen schon { $limit } Dateien.
too-large = Das ist größer als { $limit-size }, mehr erlauben die Einstellungen nicht.
disk-full = Auf dem Datenträger ist kein Platz mehr.
room-full = Das passt nicht in die { $limit-size }, die alle Dateien zusammen belegen dürfen.
budget = Jemand hat die Datei angefordert, und sie ist größer als die { $limit-size }, die Sie hochladen lassen.
day-budget = Jemand hat die Datei angefordert, und die { $limit-size }, die Sie an einem Tag hochladen lassen, reichen nicht aus.
metered = Jemand hat die Datei angefordert, und Sie lassen über getaktete Verbindungen nichts hochladen.
store-failed-fetch = Der Datenträger hat versagt, während die Datei geschrieben wurde.
store-failed = Der Datenträger hat versagt, während die Datei gespeichert oder gelesen wurde.
source-unreachable = { $host } ist nicht erreichbar.
source-silent = { $host } hat zu lange nichts gesendet.
source-broken = Die Antwort von { $host } ist abgebrochen.
http-status-401 = { $host } verweigert diese Datei ({ $status }).
http-status-404 = { $host } hat keine solche Datei ({ $status }).
http-status-429 = { $host } wurde zu oft gefragt ({ $status }).
http-status-500 = { $host } konnte diese Datei nicht liefern ({ $status }).
http-status = { $host } hat diese Datei nicht geliefert ({ $status }).
login-page = { $host } hat statt der Datei eine Webseite gesendet, höchstwahrscheinlich eine Anmeldung.
bad-folder-too-many-files = Der Ordner hat mehr als { $limit } Dateien, zu viele, um sie mit einem einzigen Hash zu teilen.
bad-folder = „{ $name }“ kann nicht in einem Ordner geteilt werden: { $reason }.
bad-folder-unknown = Diese Dateien können nicht als Ordner geteilt werden.
bad-address-bad-data-url = Die data:-Adresse des Bildes ist beschädigt.
bad-address-unsupported-scheme = Was unter einer Adresse mit { $name }: liegt, kann von hier nicht geteilt werden.
bad-address-too-long = Diese Adresse ist zu lang.
bad-address = Das ist keine Adresse im Web.
page-gone = Nur die Seite selbst kann das lesen, und sie hat es nicht getan.
needs-access = Der Browser lässt Fluence Share noch nicht von { $host } lesen.
needs-click = Der Browser verlangt einen Klick von Ihnen, bevor er die Datei wieder liest.
not-allowed = Von { $host } wurde nichts geteilt: Der Browser durfte es dort nicht lesen.
offline = Es gibt keine Verbindung zum Netzwerk.
no-provider = Es wurde niemand gefunden, der diese Datei hat.
provider-gone = Ein Anbieter wurde gefunden, aber: { $reason }.
bad-answer = Der Anbieter { $peer } hat eine unbrauchbare Antwort gegeben: { $reason }.
wrong-bytes-banned = Der Anbieter { $peer } nennt { $host }; von dort kamen falsche Bytes.
wrong-bytes = { $host } (genannt vom Anbieter { $peer }) hat Bytes gesendet, die nicht die der Datei sind.
stalled = { $host } hat zu lange nichts Neues gesendet.
storage-gone-fetch = Der Speicher bei { $host } sendet die Datei nicht: { $reason }.
storage-gone = Der Speicher bei { $host } nimmt die Datei nicht an: { $reason }.
bad-dag = Der Hash benennt keine Datei, die abgerufen werden kann: { $reason }.
not-opened-not-private = Der Link hat einen Schlüssel, aber wozu er führt, ist nicht privat geteilt.
not-opened = Die privat geteilte Datei kann nicht geöffnet werden: { $reason }.
bad-storage = Der Knoten hat einen Speicher genannt, dessen Adresse nicht verwendet werden kann.
no-storage = Der Knoten nennt keinen Speicher: { $reason }.
no-storage-found = Jemand hat die Datei angefordert, und kein Knoten mit Speicher war erreichbar.
busy-upload = Jemand hat die Datei angefordert, und der Knoten hat zu viel zu tun, um sie jetzt zu speichern.
busy = Es wurde zu viel auf einmal verlangt.
refused-upload = Der Speicher hat sich geweigert, die Datei anzunehmen.
refused-fetch = Der Anbieter hat abgelehnt.
refused = Es wurde abgelehnt.
quota = Der Speicher bei { $host } hat keinen Platz für die Datei.
storage-refused = Der Speicher bei { $host } hat die Datei abgelehnt.
own-ipfs = Jemand hat die Datei angefordert, und Ihr IPFS-Knoten nimmt sie nicht an: { $reason }.
rpc-unreachable = Unter { $host } antwortet nichts.
rpc-failed-status = { $host } hat mit { $status } geantwortet; die RPC-Schnittstelle eines IPFS-Knotens antwortet mit 200.
rpc-failed-malformed = Was unter { $host } antwortet, ist nicht die RPC-Schnittstelle eines IPFS-Knotens.
rpc-failed = Der IPFS-Knoten unter { $host } nimmt keine Dateien an.
origin-refused = { $host } lässt diese Erweiterung nicht zu: Ein IPFS-Knoten nimmt Aufrufe nur von Ursprüngen (origins) an, die in seiner Konfiguration stehen.
gateway-unreachable = Unter { $host } ist kein Gateway erreichbar.
gateway-failed = Das Gateway unter { $host } hat für einen Block, den sein Knoten hat, mit { $status } geantwortet.
another-node = Das Gateway unter { $host } hat nicht, was die RPC-Schnittstelle unter { $name } gerade angenommen hat: Sie gehören nicht zum selben Knoten.
not-saved = „{ $name }“ wurde nicht im Download-Ordner gespeichert.
journal-failed = Was gerade geschehen ist, konnte nicht aufgeschrieben werden.
journal-damaged =
    { $size ->
        [one] Ein Teil des Aufgeschriebenen war nicht lesbar: { $size } Eintrag ist verloren.
       *[other] Ein Teil des Aufgeschriebenen war nicht lesbar: { $size } Einträge sind verloren.
    }
journal-lost = Das Aufgeschriebene konnte nicht geöffnet werden. Deshalb wurde eine neue Liste begonnen.
settings-damaged = Einige Einstellungen waren nicht lesbar und haben jetzt ihre Standardwerte: { $name }.
identity-lost = Die Identität dieses Peers war nicht lesbar. Deshalb hat er jetzt eine neue.
not-renewed = Dieser Browser behält seine Identität, weil eine neue nicht verwendet werden kann: { $detail }.
not-sent = Eine Nachricht zwischen dieser Seite und dem Hintergrundprozess konnte nicht gesendet werden.
no-answer = Der Hintergrundprozess wurde beendet, bevor er geantwortet hat; begonnen haben kann er trotzdem.
handover = Der Hintergrundprozess hat die Dateien nicht übernommen.
unknown = Etwas ist schiefgegangen, das diese Version nicht kennt ({ $code }).

## What to do next, for somebody who uses the extension.

do-not-here = Verwenden Sie die Browsererweiterung.
do-bad-link-inside-folder = Um alles abzurufen, lassen Sie den Pfad zwischen dem Hash und „#“ weg.
do-bad-link-no-such-entry = Prüfen Sie den Pfad nach dem Hash. Um den ganzen Ordner abzurufen, lassen Sie den Pfad weg.
do-bad-link-not-a-cid = Ein Hash beginnt mit Qm oder bafy. Prüfen Sie, ob er ganz kopiert wurde.
do-bad-link-ipns-name = Rufen Sie über den Hash ab, wozu der Name führt.
do-bad-link-bad-key = Kopieren Sie noch einmal den ganzen Link.
do-bad-link-too-long = Kopieren Sie nur den Link, ohne den Text darum herum.
do-bad-link-peer-id = Das ist der Name eines Peers. Fügen Sie den Link einer seiner Dateien ein.
do-bad-link-not-a-file = Nur Dateien und Ordner können abgerufen werden.
do-bad-link = Bitten Sie die Person, die die Datei geteilt hat, um den Link.
do-paused-fetch = Wählen Sie „Fortsetzen“, um weiterzumachen; was schon angekommen ist, bleibt erhalten.
do-paused-upload = Es geht weiter, wenn Sie das Teilen fortsetzen und jemand die Datei anfordert.
do-paused = Nichts davon wurde geteilt.
do-stopped = Es geht weiter, wenn die Datei wieder geteilt wird und jemand sie anfordert.
do-interrupted-upload = Es beginnt von neuem, wenn jemand die Datei anfordert.
do-interrupted-fetch = Wählen Sie „Erneut versuchen“, um weiterzumachen.
do-interrupted = Versuchen Sie es noch einmal, oder wählen Sie die Datei noch einmal aus.
do-interrupted-click = Klicken Sie es noch einmal an.
do-file-gone-fetch = Rufen Sie die Datei noch einmal ab.
do-file-gone = Teilen Sie die Datei noch einmal.
do-bad-setting-too-many-nodes = Entfernen Sie einige davon.
do-bad-setting-zero = Wählen Sie eine andere Größe.
do-bad-setting-bad-url = Eine Adresse sieht so aus: http://127.0.0.1:5001.
do-bad-setting-bad-folder-name = Verwenden Sie einen einfachen Namen, ohne / und andere Zeichen, die Betriebssysteme verbieten.
do-bad-setting = Eine Adresse sieht so aus: /dns4/node.example.org/tcp/443/tls/ws.
do-bad-settings-file-newer-version = Aktualisieren Sie die Erweiterung. Hier wurde nichts geändert.
do-bad-settings-file = Wählen Sie eine Datei, die mit „Einstellungen exportieren“ erstellt wurde. Hier wurde nichts geändert.
do-bad-identity-file = Wählen Sie eine Datei, die mit „Identität sichern“ erstellt wurde. Hier wurde nichts geändert.
do-wrong-passphrase = Geben Sie sie noch einmal ein. Hier wurde nichts geändert.
do-node-list-unreachable = Prüfen Sie die Adresse, und versuchen Sie es später noch einmal.
do-node-list = Fragen Sie den, der Ihnen die Adresse gegeben hat. Die Liste eines Hosts liegt unter https://HOST/.well-known/fluence-nodes.
do-call-failed-bad-function = Berichtigen Sie es, und rufen Sie noch einmal auf.
do-call-failed = Prüfen Sie den Namen, oder versuchen Sie es später noch einmal.
do-unknown-item = Sehen Sie noch einmal in die Liste.
do-too-many-items = Entfernen Sie einige, die Sie nicht mehr brauchen.
do-too-large-fetch = Erhöhen Sie die Grenze in den Einstellungen, und wählen Sie dann „Erneut versuchen“.
do-too-large = Erhöhen Sie die Grenze in den Einstellungen, oder teilen Sie nur einen Teil.
do-budget = Erhöhen Sie die Grenze in den Einstellungen, oder geben Sie die Datei auf anderem Weg weiter.
do-day-budget = Die Datei wird hochgeladen, wenn morgen jemand sie anfordert. Oder erhöhen Sie die Grenze in den Einstellungen.
do-metered = Die Datei wird hochgeladen, wenn jemand sie anfordert, während Sie ein anderes Netz verwenden.
do-room-full-fetch = Wählen Sie unter der Liste „Platz schaffen“, oder erhöhen Sie die Grenze in den Einstellungen; wählen Sie dann „Erneut versuchen“.
do-room-full = Wählen Sie unter der Liste „Platz schaffen“, oder erhöhen Sie die Grenze in den Einstellungen; teilen Sie die Datei dann noch einmal.
do-disk-full-share = Schaffen Sie etwas Platz, und teilen Sie die Datei noch einmal; nichts wurde behalten.
do-disk-full-fetch = Schaffen Sie etwas Platz, und wählen Sie dann „Erneut versuchen“; was schon angekommen ist, bleibt erhalten.
do-disk-full = Schaffen Sie etwas Platz auf dem Datenträger, oder entfernen Sie hier Dateien.
do-store-failed-share = Teilen Sie die Datei noch einmal. Wenn es wieder misslingt, prüfen Sie den Datenträger.
do-store-failed = Versuchen Sie es noch einmal. Wenn es wieder misslingt, prüfen Sie den Datenträger.
do-source-unreachable = Prüfen Sie die Adresse und die Verbindung, und versuchen Sie es noch einmal.
do-source-silent = Versuchen Sie es später noch einmal.
do-source-broken = Versuchen Sie es noch einmal.
do-http-status-401 = Melden Sie sich dort in diesem Browser an, und versuchen Sie es noch einmal.
do-http-status-404 = Prüfen Sie den Link; er ist vielleicht veraltet.
do-http-status-429 = Versuchen Sie es in einigen Minuten noch einmal.
do-http-status-500 = Versuchen Sie es später noch einmal; der Fehler liegt dort, nicht hier.
do-http-status = Öffnen Sie den Link in einem Tab, um zu sehen, was dort ist.
do-login-page = Öffnen Sie die Datei in einem Tab, melden Sie sich dort an, und versuchen Sie es noch einmal. Oder teilen Sie die Webseite selbst, im Menü der Zeile.
do-bad-folder-name-collision = Benennen Sie die Datei um, und teilen Sie den Ordner noch einmal.
do-bad-folder = Teilen Sie die Dateien einzeln, oder nur einen Teil des Ordners.
do-bad-address-not-an-address = Kopieren Sie die ganze Adresse, von https:// an.
do-bad-address = Speichern Sie es mit dem Browser, und teilen Sie die Datei.
do-page-gone = Laden Sie die Seite neu, und versuchen Sie es noch einmal. Oder speichern Sie die Datei, und teilen Sie diese.
do-needs-access = Klicken Sie auf die Schaltfläche von Fluence Share, und wählen Sie „Zugriff erlauben“; dann geht das Teilen weiter.
do-needs-click = Sie wird dort geteilt, wo Sie sie haben, und hier ist nichts davon gespeichert. Wählen Sie „Wieder teilen“; im Popup genügt ein Klick für alle solchen Dateien.
do-not-allowed = Versuchen Sie es noch einmal, und erlauben Sie den Zugriff. Oder speichern Sie die Datei, und teilen Sie diese.
do-offline = Es geht von selbst weiter, wenn die Verbindung wieder da ist.
do-no-provider = Prüfen Sie den Hash, oder bitten Sie die Person, die die Datei geteilt hat, ihren Browser zu öffnen; wählen Sie dann „Erneut versuchen“.
do-provider-gone = Bitten Sie die Person, die die Datei geteilt hat, ihren Browser zu öffnen, und versuchen Sie es dann noch einmal.
do-bad-answer = Versuchen Sie es noch einmal. Wenn das nicht hilft, muss die andere Seite ihr Programm aktualisieren.
do-wrong-bytes = Keines davon wurde behalten. Versuchen Sie es noch einmal, um andere Anbieter zu fragen.
do-stalled-fetch = Versuchen Sie es noch einmal; was schon angekommen ist, bleibt erhalten.
do-stalled = Es wird noch einmal versucht, wenn möglich anderswo, sobald jemand die Datei anfordert.
do-bad-dag = Bitten Sie die Person, die die Datei geteilt hat, um den richtigen Hash, oder darum, sie noch einmal zu teilen.
do-not-opened = Nichts davon wurde behalten. Bitten Sie die Person, die die Datei geteilt hat, um den ganzen Link.
do-bad-storage = Wählen Sie in den Einstellungen einen anderen Knoten.
do-no-storage = Prüfen Sie die Verbindung und die Knoten in den Einstellungen.
do-busy-upload = Es wird noch einmal versucht, wenn jemand die Datei anfordert.
do-busy = Warten Sie einen Augenblick, und versuchen Sie es noch einmal.
do-refused-upload = Es wird noch einmal versucht, wenn jemand die Datei anfordert. Sie können auch einen anderen Knoten einstellen.
do-refused = Versuchen Sie es später noch einmal, oder fragen Sie die Person, die die Datei geteilt hat.
do-quota = Warten Sie, bis der Speicher wieder Platz hat, oder wählen Sie in den Einstellungen einen anderen Knoten.
do-storage-refused = Wählen Sie in den Einstellungen einen anderen Knoten, oder versuchen Sie es später noch einmal.
do-own-ipfs = Starten Sie Ihren IPFS-Knoten, öffnen Sie dann die Einstellungen, und wählen Sie „Testen“; das sagt, was ihm fehlt.
do-rpc-unreachable = Starten Sie den IPFS-Knoten (`ipfs daemon`), und sehen Sie die Adresse mit `ipfs config Addresses.API` nach.
do-rpc-failed-status = Prüfen Sie, ob die Adresse die der RPC-Schnittstelle ist; meist ist es http://127.0.0.1:5001.
do-rpc-failed = Es muss Kubo 0.42 oder neuer sein, mit Platz auf dem Datenträger. Sein eigenes Protokoll sagt mehr.
do-origin-refused = Wenn das Ihr IPFS-Knoten ist, führen Sie diesen Befehl aus, und beenden und starten Sie dann den Knoten: { $name }
do-gateway-unreachable = Starten Sie den IPFS-Knoten (`ipfs daemon`), und sehen Sie die Adresse mit `ipfs config Addresses.Gateway` nach.
do-gateway-failed = Prüfen Sie, ob die Adresse die des Gateways ist; meist ist es http://127.0.0.1:8080.
do-another-node = Sehen Sie beide Adressen mit `ipfs config Addresses` nach.
do-not-saved = Wählen Sie „Speichern“, um es noch einmal zu versuchen; prüfen Sie, ob auf dem Datenträger Platz ist.
do-journal-failed = Es wird von selbst noch einmal versucht und geht nur verloren, wenn der Browser vorher endet.
do-journal-damaged = Alles andere ist da. Dateien, deren Einträge verloren sind, stehen unter ihren Hashes in der Liste.
do-settings-damaged = Öffnen Sie die Einstellungen, und stellen Sie sie noch einmal ein.
do-identity-lost = Was Sie teilen, wird unter der neuen Identität noch einmal angekündigt.
do-not-renewed = Prüfen Sie, ob auf dem Datenträger Platz ist, und versuchen Sie es noch einmal.
do-not-sent = Schließen Sie diese Seite, und öffnen Sie sie noch einmal.
do-no-answer-share = Sehen Sie in die Liste, und versuchen Sie es noch einmal, wenn sich dort nichts tut.
do-no-answer = Sehen Sie nach, ob es geschehen ist, und versuchen Sie es noch einmal, wenn nicht.
do-handover = Wählen Sie die Dateien noch einmal aus, oder weniger auf einmal.
do-unknown = Sehen Sie nach, ob es eine neuere Version gibt.

## Why: clauses, which follow a colon or a comma.
## Their subject "it" is what the sentence is about: the provider, the storage, the file or the address.

reason-empty = leer
reason-too-long = zu lang
reason-not-a-cid = keine CID
reason-not-a-file = benennt keine Datei
reason-inside-folder = liegt in einem Ordner
reason-no-such-entry = hat keinen solchen Eintrag
reason-lowered-cid = ein Hash, dem die Großbuchstaben fehlen
reason-peer-id = die ID eines Peers
reason-ipns-name = ein IPNS-Name
reason-bad-key = der Schlüssel ist nicht vollständig
reason-unreachable = nicht erreichbar
reason-silent = zu lange keine Nachricht
reason-broken-off = die Antwort ist abgebrochen
reason-status = die Antwort war { $status }
reason-no-reply = keine rechtzeitige Antwort
reason-malformed = die Antwort ist unverständlich
reason-no-such-function = die Datei wird dort nicht mehr angeboten
reason-refused = abgelehnt
reason-busy = ausgelastet
reason-unavailable = kein Speicher zur Hand
reason-bad-request = der Aufruf wurde nicht verstanden
reason-internal = dort ist ein Fehler aufgetreten
reason-no-address = es wird kein Speicher genannt
reason-bad-address = die genannte Adresse ist nicht die eines Speichers
reason-banned = der genannte Speicher hat falsche Bytes gesendet
reason-partial = es kam nur ein Teil
reason-too-much = es kommt mehr, als verlangt war
reason-lost = auf diesem Computer gingen Bytes verloren, bevor sie geschrieben waren
reason-no-cars = es kommen keine CARs
reason-bad-car = was kommt, ist kein CAR
reason-unexpected-block = es kam ein anderer Block als der nächste
reason-repeated-blocks = dieselben Blöcke kommen immer wieder
reason-block-too-large = ein Block ist zu groß
reason-unknown-hash = eine Hash-Funktion, die nicht unterstützt wird ({ $codec })
reason-short-digest = der Digest ist zu kurz, um etwas zu beweisen
reason-unknown-codec = ein Block ist kein Teil einer Datei (Codec { $codec })
reason-bad-node = ein Block ist kein UnixFS-Knoten
reason-contradiction = die Blöcke widersprechen einander
reason-symbolic-link = ein symbolischer Link oder Metadaten
reason-too-many-blocks = zu viele Blöcke ({ $limit } sind erlaubt)
reason-too-many-files = zu viele Dateien ({ $limit } sind erlaubt)
reason-too-deep = zu tief verschachtelt
reason-paths-too-long = der Pfad ist zu lang
reason-incomplete = es ist nicht alles da
reason-damaged-record = was davon aufbewahrt wurde, ist beschädigt
reason-not-private = nicht privat geteilt
reason-wrong-key = der Schlüssel im Link ist nicht der richtige
reason-altered = ein Teil wurde verändert
reason-bad-archive = der Inhalt ist keine Datei und kein Ordner, wie man sie teilen kann
reason-empty-name = ein Name im Pfad ist leer
reason-dot-name = ein Name im Pfad ist „.“ oder „..“
reason-zero-byte = der Name enthält ein Null-Byte
reason-same-name = eine andere Datei hat denselben Namen
reason-name-collision = der Name und ein anderer haben denselben Hash
reason-too-many-nodes = mehr als { $limit } Knoten
reason-bad-node-address = eine Adresse beginnt mit /ip4/, /ip6/ oder /dns4/
reason-bad-host = es steht keine IP-Adresse und kein Hostname darin
reason-bad-port = der Port muss eine Zahl von 1 bis 65535 sein
reason-not-web-socket = ein Browser braucht eine WebSocket-Adresse, …/tcp/PORT/ws oder …/tcp/PORT/tls/ws
reason-bad-peer-id = was nach /p2p/ steht, ist nicht die ID eines Peers
reason-bad-url = keine Adresse mit http:// oder https://
reason-zero = es muss größer als null sein
reason-bad-folder-name = das kann nicht der Name eines Ordners sein
reason-newer-version = von einer neueren Version
reason-bad-value = ein Wert darin ist nicht lesbar
reason-no-nodes = kein Knoten darin ist für einen Browser erreichbar
reason-not-secure = es muss eine Adresse mit https:// sein
reason-bad-function = der Name einer Funktion hat 1 bis 256 Bytes und keine Leerzeichen
reason-bad-arguments = die Argumente sind kein JSON-Objekt
reason-no-function = es wurde niemand gefunden, der sie anbietet
reason-bad-data-url = die data:-Adresse ist beschädigt
reason-unsupported-scheme = Adressen dieser Art können nicht gelesen werden
reason-not-an-address = keine Adresse im Web
reason-unknown = den Grund kennt diese Version nicht

## In the place of a value that is not known.

unset-host = (ein unbekannter Server)
unset-peer = (unbekannt)
unset-name = (unbekannt)
unset-limit = (die Grenze)
unset-status = ein Fehler
unset-codec = unbekannt
unset-reason = der Grund ist nicht bekannt
unset = (unbekannt)
