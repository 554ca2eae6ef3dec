# The first page.
#
# العربية. الأسلوب محايد. علامتا التنصيص: «…».
# المصطلحات: share = مشاركة؛ fetch = جلب؛ node = عقدة؛ peer = نظير؛ provider = مزوّد؛ storage = مخزن؛ hash = تجزئة؛
# link = رابط؛ web link = رابط ويب؛ privately = بخصوصية؛ background worker = عملية الخلفية؛ upload = رفع؛
# extension = إضافة؛ gateway = بوابة؛ call = استدعاء.

## The first page.

welcome-title = مرحبًا بك في Fluence Share
welcome-again = عرض الصفحة الأولى من جديد
welcome-lead = أرسل الملفات من متصفح إلى متصفح.
welcome-choices = اختر مرة واحدة
welcome-later = يمكن تغيير كل ذلك في الإعدادات.
welcome-node = العقدة
welcome-more = استخدام عقدة أخرى أو عقد مجموعة
welcome-reading = القراءة من مواقع الويب
welcome-reading-ask = يسأل Fluence Share كلما شاركت شيئًا موجودًا على موقع آخر. ويمكنك بدلًا من ذلك السماح بكل المواقع الآن.
welcome-reading-all = يجوز لـ Fluence Share القراءة من كل المواقع، ولا يفعل ذلك إلا لما تشاركه.
welcome-private = المشاركة بخصوصية ما لم أحدد غير ذلك
welcome-provide = مشاركة ما أجلبه مع الآخرين
welcome-public-help = عندئذ تعرف الموجّهات والبوابات التي تُسأل تجزئة الملف وعنوانك على الشبكة.
try-title = جرّبه بنفسك
try-again = التجربة من جديد
try-lead = يشارك هذا ملفًا نصيًّا صغيرًا ثم يجلبه من جديد عبر الشبكة.
try-waits = لا يوجد اتصال بعد، لذلك ينتظر عقدة.
try-made = يُنشأ ملف في هذا المتصفح
try-hashed = تصير تجزئته اسمه
try-shared = يعثر عليه غريب ويصل إلى هذا المتصفح
try-back = تطلبه العقدة فيعود
try-same = عاد، وكل بايت فيه كما كان.
try-other = عاد شيء آخر.
try-not-back = لم يعد عبر العقدة.
try-no-web = لا تفتح عقدتك روابط الويب، فلا تستطيع جلب الملف لك. افتح الرابط في متصفح آخر فيه Fluence Share لتراه يصل.
try-link = رابطه
try-link-help = من يفتحه في متصفح آخر فيه Fluence Share يحصل على الملف.
try-remove = إزالة العينة
try-removed = أُزيلت العينة.
try-done = الذهاب إلى ملفاتك

## What a person should know.

fact-what = ما الذي يُشارك
fact-what-text = ما تختاره فقط؛ ويبقى على هذا الحاسوب إلى أن يطلبه أحد.
fact-whom = مع من
fact-whom-text = كل من لديه رابط ملف يستطيع جلبه: ما دام هذا المتصفح مفتوحًا، ولمدة بعد ذلك من مخزن لديه نسخة.
fact-seen = ما يمكن أن يراه الآخرون
fact-seen-text = من ينقل ملفًا يرى عنوانك على الشبكة، ويرى الملف أيضًا ما لم تشاركه بخصوصية؛ عندئذ لا يرى إلا حجمه.
fact-node = ما هي العقدة
fact-node-text = حاسوب يعرّف المتصفحات بعضها ببعض ويحتفظ بالملفات أثناء انتقالها؛ يشغّله صديق، أو تشغّله أنت.

## The text of the sample file.

sample =
    مرحبًا!

    أُنشئ هذا النص في متصفح، { $now }.
    ولم يغادر ذلك المتصفح إلا لأنك طلبت ذلك.

    This text was made in a browser, { $now }.
    It left that browser only because you asked for it.
