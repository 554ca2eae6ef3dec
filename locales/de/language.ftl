# The language itself, and how its sentences are joined.
#
# Deutsch. Anrede: Sie. Anführungszeichen: „…“.
# Wörter: share = teilen; fetch = abrufen; node = Knoten; peer = Peer; provider = Anbieter; storage = Speicher;
# hash = Hash; link = Link; web link = Web-Link; privately = privat; background worker = Hintergrundprozess;
# upload = hochladen; extension = Erweiterung; gateway = Gateway; call = Aufruf.

# The name of the language, in the language.
name = Deutsch
# ltr or rtl.
direction = ltr
# A sentence that follows another one. Chinese has no space between them.
sentences = { $first } { $second }
# A text that becomes a sentence.
with-stop = { $text }.
# Texts in a list.
list-more = { $first }, { $second }
list-and = { $first } und { $second }
# A file of several, with what is said about it.
named = „{ $name }“: { $what }
# A sentence, without its full stop, with the words of another program, which are in English.
quoting = { $what } ({ $detail }).
# The same for a clause, which has no full stop.
clause-quoting = { $what } ({ $detail })
