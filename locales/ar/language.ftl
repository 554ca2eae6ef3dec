# The language itself, and how its sentences are joined.
#
# العربية. الأسلوب محايد. علامتا التنصيص: «…».
# المصطلحات: share = مشاركة؛ fetch = جلب؛ node = عقدة؛ peer = نظير؛ provider = مزوّد؛ storage = مخزن؛ hash = تجزئة؛
# link = رابط؛ web link = رابط ويب؛ privately = بخصوصية؛ background worker = عملية الخلفية؛ upload = رفع؛
# extension = إضافة؛ gateway = بوابة؛ call = استدعاء.

# The name of the language, in the language.
name = العربية
# ltr or rtl.
direction = rtl
# A sentence that follows another one. Chinese has no space between them.
sentences = { $first } { $second }
# A text that becomes a sentence.
with-stop = { $text }.
# Texts in a list.
list-more = { $first }، { $second }
list-and = { $first } و{ $second }
# A file of several, with what is said about it.
named = «{ $name }»: { $what }
# A sentence, without its full stop, with the words of another program, which are in English.
quoting = { $what } ({ $detail }).
# The same for a clause, which has no full stop.
clause-quoting = { $what } ({ $detail })
