# What the browser shows of the extension: in its store, in its list of keys, and if the extension or the page for web
# links cannot start.
# The description has at most 132 characters.
#
# العربية. الأسلوب محايد. علامتا التنصيص: «…».
# المصطلحات: share = مشاركة؛ fetch = جلب؛ node = عقدة؛ peer = نظير؛ provider = مزوّد؛ storage = مخزن؛ hash = تجزئة؛
# link = رابط؛ web link = رابط ويب؛ privately = بخصوصية؛ background worker = عملية الخلفية؛ upload = رفع؛
# extension = إضافة؛ gateway = بوابة؛ call = استدعاء.

description = مشاركة الملفات بنقرة يمنى، وجلبها بتجزئتها. من متصفح إلى متصفح، عبر libp2p وIPFS.
share-files = مشاركة ملفات
worker-failed = لا يعمل Fluence: { $why }. أعد تشغيل المتصفح.
page-failed = تعذّر بدء Fluence Share ({ $why }). أعد تشغيل المتصفح أو ثبّت الإضافة من جديد.
link-page-failed = تعذّر بدء هذه الصفحة ({ $why }). تحتاج إلى متصفح حديث؛ أعد تحميلها للمحاولة مرة أخرى.
starting = جارٍ البدء…
