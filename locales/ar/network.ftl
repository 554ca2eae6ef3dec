# The page of the network.
#
# العربية. الأسلوب محايد. علامتا التنصيص: «…».
# المصطلحات: share = مشاركة؛ fetch = جلب؛ node = عقدة؛ peer = نظير؛ provider = مزوّد؛ storage = مخزن؛ hash = تجزئة؛
# link = رابط؛ web link = رابط ويب؛ privately = بخصوصية؛ background worker = عملية الخلفية؛ upload = رفع؛
# extension = إضافة؛ gateway = بوابة؛ call = استدعاء.

## The page of the network.

network-you = هذا المتصفح
network-sent-today = المرفوع اليوم
network-fetched-today = المجلوب اليوم
network-peers = النظراء المتصلون
network-nodes = الاتصالات بالعقد
network-nodes-none = لا توجد عقدة.
network-reachable = يستطيع الآخرون الوصول إلى هذا المتصفح عبر عقده.
network-not-yet = يجري الاتصال بعقدة.
nodes-change = تغيير العقد
calls = الاستدعاءات
calls-help = آخر 50 استدعاءً للدوال، في الاتجاهين، أثناء حدوثها. أسماء الملفات محذوفة، لأن من يعرف اسمًا منها يستطيع جلب الملف.
calls-none = لا شيء بعد. تظهر الاستدعاءات هنا عندما تشارك شيئًا أو تجلبه، وعندما يسألك الآخرون.
call-when = متى
call-way = الاتجاه
call-in = وارد
call-out = صادر
call-function = الدالة
call-peer = النظير
call-took = المدة
call-result = النتيجة
call-runs = جارٍ
call-good = أُجيب
call-title = استدعاء دالة
call-lead = كل شيء هنا استدعاء دالة. فمثلًا تعيد IPFS_multiaddr عنوان مخزن.
call-name = الاسم
call-args = الوسائط، بصيغة JSON
call = استدعاء
calling = جارٍ الاستدعاء…
called = يوجد رد.
call-reply = الرد

## Calls.

replied = رد { $peer } بعد { $time }.
call-no-reply = لا رد
call-not-reached = تعذّر الوصول
call-not-provided = غير متوفرة
call-refused = مرفوض
call-busy = مشغول
call-no-storage = لا مخزن
call-not-understood = غير مفهوم
call-did-fail = فشل
