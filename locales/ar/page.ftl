# The page that a node shows for web links.
#
# العربية. الأسلوب محايد. علامتا التنصيص: «…».
# المصطلحات: share = مشاركة؛ fetch = جلب؛ node = عقدة؛ peer = نظير؛ provider = مزوّد؛ storage = مخزن؛ hash = تجزئة؛
# link = رابط؛ web link = رابط ويب؛ privately = بخصوصية؛ background worker = عملية الخلفية؛ upload = رفع؛
# extension = إضافة؛ gateway = بوابة؛ call = استدعاء.

title = ملف مشارَك
progress-label = التقدم
try-again = إعادة المحاولة
about-page = تجلب هذه الصفحة الملف من العقدة المفتوحة، وتقارن كل بايت بالتجزئة الموجودة في الرابط. وما يلي # في العنوان يبقى في متصفحك.
waiting = جارٍ طلب الملف. إن لم يكن لدى العقدة فإنها تطلبه ممن يشاركه…
plain-checked = قورن كل بايت بالتجزئة الموجودة في الرابط.
private-checked = قورن كل بايت بالتجزئة الموجودة في الرابط، وفُكّ تشفيره في هذا المتصفح.
plain-streamed = يُقارن كل بايت بالتجزئة التي في الرابط قبل عرضه أو حفظه.
private-streamed = يُقارن كل بايت بالتجزئة التي في الرابط ويُفك تشفيره في هذا المتصفح قبل عرضه أو حفظه.
save = حفظ
show = عرض
private = خاص
cut = (البقية في الملف.)
# The title of the frame in which a PDF is shown.
preview = معاينة

## Files that are too large to be shown.

large-download = الملف أكبر من أن يُعرض هنا، ويمكن حفظه.
large-choice = الملف أكبر من أن يُعرض هنا، ويمكن حفظه في أي مكان تختاره.
large-memory = إنه أكبر من أن يُعرض هنا. ولحفظه يُبقيه هذا المتصفح كله في الذاكرة، { $size }: لا تحفظ المتصفحات الملفات أثناء وصولها إلا في صفحات لها عنوان https، وليس في كل نافذة خاصة.
kept-in-memory = لحفظه يُبقيه هذا المتصفح كله في الذاكرة، { $size }: لا تحفظ المتصفحات الملفات أثناء وصولها إلا في صفحات لها عنوان https، وليس في كل نافذة خاصة.
size-about = نحو { $size }
size-more-than = أكثر من { $size }

## What was saved, and how many files there are.

saved-download = «{ $name }» موجود في مجلد التنزيلات.
saved-memory = لدى المتصفح «{ $name }»، وقد يسأل إن كنت تريد الاحتفاظ به.
saved-choice = حُفظ «{ $name }».
save-named = حفظ { $name }
file-count =
    { $count ->
        [zero] لا ملفات
        [one] ملف واحد
        [two] ملفان
        [few] { $count } ملفات
        [many] { $count } ملفًا
       *[other] { $count } ملف
    }
file-count-listed =
    { $count ->
        [zero] { $count } ملف، أولها { NUMBER($listed) } مدرجة هنا. الإضافة و`fluence fetch` يحفظانها كلها.
        [one] ملف واحد، أولها { NUMBER($listed) } مدرجة هنا. الإضافة و`fluence fetch` يحفظانها كلها.
        [two] ملفان، أولها { NUMBER($listed) } مدرجة هنا. الإضافة و`fluence fetch` يحفظانها كلها.
        [few] { $count } ملفات، وأول { NUMBER($listed) } منها مدرجة هنا. الإضافة و`fluence fetch` يحفظانها كلها.
        [many] { $count } ملفًا، وأول { NUMBER($listed) } منها مدرجة هنا. الإضافة و`fluence fetch` يحفظانها كلها.
       *[other] { $count } ملف، وأول { NUMBER($listed) } منها مدرجة هنا. الإضافة و`fluence fetch` يحفظانها كلها.
    }

## What went wrong, and what to do next.

do-again = أعد المحاولة بعد قليل.
do-ask-again = اطلب الرابط مرة أخرى ممن أرسله.
not-there = ليس الملف لدى العقدة، ولا يمكن الآن الوصول إلى أحد يشاركه.
do-not-there = يجب أن يكون من يشاركه متصلًا. أعد المحاولة لاحقًا.
node-busy = العقدة مشغولة.
node-refused = العقدة لا تعطي هذا الملف.
node-unreachable = لا يمكن الوصول إلى العقدة.
do-node-unreachable = تحقّق من الاتصال بالإنترنت، ثم أعد المحاولة.
node-silent = لم ترسل العقدة شيئًا منذ مدة.
node-broken = انقطع الاتصال بالعقدة.
not-saved = لم يحفظه المتصفح.
cancelled = أُلغي الحفظ.
do-cancelled = احفظه من جديد إن كنت تريده.
not-shown = لا يمكن عرض هذا الملف هنا.
do-not-shown = احفظه لتراه.
key-gone = لم يعد مفتاح هذا الرابط الخاص في العنوان: أزالته هذه الصفحة عند فتحها كي لا يقرأه أحد هناك.
do-key-gone = افتح الرابط الذي أُرسل إليك مرة أخرى.
not-secure = لا تفك المتصفحات التشفير إلا في الصفحات ذات عنوان https.
do-not-secure = افتح الرابط على عنوان https للعقدة، أو اجلبه بالإضافة.
no-file = يؤدي هذا العنوان إلى عقدة لا إلى ملف.
do-no-file = في روابط الملفات تأتي تجزئة الملف بعد #.
not-a-link = ليس هذا رابط ملف.
bad-key = المفتاح في نهاية الرابط غير كامل.
do-bad-key = انسخ الرابط كاملًا حتى آخر حرف.
wrong-bytes = أرسلت العقدة غير ما يشير إليه الرابط، لذلك لم يُستخدم منه شيء.
do-wrong-bytes = افتح الرابط على عقدة أخرى، أو اجلبه بالإضافة.
unverifiable = تجزئة الملف من نوع لا يمكن لهذه الصفحة التحقق منه.
do-unverifiable = اطلب رابطًا آخر ممن يشاركه.
not-a-file = ليس هذا ملفًا أو مجلدًا يمكن فتحه هنا.
not-decrypted = تعذّر على المتصفح فك تشفيره.
not-private = في الرابط مفتاح، لكن ما يؤدي إليه ليس مشاركة خاصة.
wrong-key = المفتاح الموجود في الرابط لا يفتحه.
altered = ما يؤدي إليه الرابط غُيّر أو قُطع بعد تشفيره، لذلك لم يُستخدم منه شيء آخر.
bad-archive = فيما يؤدي إليه الرابط ملفات لا يمكن أخذها.
