# What the browser shows of the extension: in its store, in its list of keys, and if the extension or the page for web
# links cannot start.
# The description has at most 132 characters.
#
# Deutsch. Anrede: Sie. Anführungszeichen: „…“.
# Wörter: share = teilen; fetch = abrufen; node = Knoten; peer = Peer; provider = Anbieter; storage = Speicher;
# hash = Hash; link = Link; web link = Web-Link; privately = privat; background worker = Hintergrundprozess;
# upload = hochladen; extension = Erweiterung; gateway = Gateway; call = Aufruf.

description = Dateien mit einem Rechtsklick teilen und über ihren Hash abrufen. Von Browser zu Browser, über libp2p und IPFS.
share-files = Dateien teilen
worker-failed = Fluence funktioniert nicht: { $why }. Starten Sie den Browser neu.
page-failed = Fluence Share konnte nicht starten ({ $why }). Starten Sie den Browser neu, oder installieren Sie die Erweiterung noch einmal.
link-page-failed = Diese Seite konnte nicht starten ({ $why }). Sie braucht einen aktuellen Browser; laden Sie sie neu, um es noch einmal zu versuchen.
starting = Startet …
