# The page of what happened: moments, and what happened in each.
#
# العربية. الأسلوب محايد. علامتا التنصيص: «…».
# المصطلحات: share = مشاركة؛ fetch = جلب؛ node = عقدة؛ peer = نظير؛ provider = مزوّد؛ storage = مخزن؛ hash = تجزئة؛
# link = رابط؛ web link = رابط ويب؛ privately = بخصوصية؛ background worker = عملية الخلفية؛ upload = رفع؛
# extension = إضافة؛ gateway = بوابة؛ call = استدعاء.

## The page.

time-title = ما حدث
time-help = انتقل إلى لحظة لترى قائمتك كما كانت حينها. هنا آخر 30 يومًا، أو أقل إن حدث الكثير.
time-reading = جارٍ قراءة ما حدث…
time-beginning = البداية
time-nothing = لم يكن في القائمة شيء.
time-moment = اللحظة
time-before = خطوة إلى الوراء
time-after = خطوة إلى الأمام
time-now = إلى النهاية
time-count = { NUMBER($at) } من { NUMBER($last) }
time-file = كملف
time-file-help = للإبلاغ عن عطل يمكن حفظ هذا كله كملف وفتحه في متصفح آخر. وتُستبدل أرقام بالأسماء والروابط والمفاتيح والتجزئات والنظراء والعناوين.
time-export = حفظ كملف
time-open = فتح ملف
time-back = العودة إلى هذا المتصفح
time-forget = نسيان ما حدث
time-forget-question = هل يُنسى ما حدث حتى الآن؟ تبقى قائمتك وملفاتك كما هي.
time-no-file = ليس في هذا الملف سجل من Fluence Share. اختر ملفًا حُفظ من هذه الصفحة.
time-of-file = هذا هو السجل في الملف { $name }، وليس سجل هذا المتصفح.

## What happened, in a few words.

event-about = { $name }: { $what }
event-share-began = بدأت مشاركته
event-fetch-began = بدأت جلبه
event-described = عُرف اسمه أو نوعه أو حجمه
event-named = غيّرت اسمه أو ملاحظتك
event-thumbnail = أُنشئت صورة مصغّرة له
event-hashed = صار له رابط
event-requested = طلبه أحدهم
event-upload-began = بدأ رفعه
event-upload-sent = رُفع جزء منه
event-uploaded = رُفع
event-upload-failed = تعذّر رفعه
event-limited = حدّدت متى تتوقف مشاركته
event-as-page = اخترت مشاركة صفحة الويب
event-asks-first = حدّدت هل تُسأل أولًا
event-provided = بدأت تشاركه أنت أيضًا
event-not-provided = لم يعد مشارَكًا
event-saved = حُفظ
event-stays = يُقرأ من مكانه لديك
event-merged = الملف نفسه موجود في القائمة بالفعل
event-removed = أُزيل ملف
event-unconfirmed = بدأت الإضافة من جديد
event-confirmed = صار بإمكان الآخرين العثور مجددًا على ما تشاركه
event-released = تخلّى مخزن عن نسخة
event-withdrawn = أُبلغت العقد بما لم تعد مشاركته قائمة
event-settings = تغيّرت الإعدادات
event-started = بدأت الإضافة

## What was changed in the settings; hosts follow those that end with a colon.

then-no-node = لم تعد هناك أي عقدة.
then-one-node = منذ ذلك الحين كانت هناك عقدة واحدة:
then-nodes = منذ ذلك الحين كانت هناك هذه العقد:
then-own-ipfs = منذ ذلك الحين كان ما تشاركه يُرفع إلى عقدة IPFS هذه على أنها عقدتك:
then-no-own-ipfs = توقف استخدام عقدة IPFS الخاصة بك.
then-public = منذ ذلك الحين كان ما لا يشاركه أحد يُبحث عنه في IPFS العام دون سؤالك.
then-not-public = توقف البحث تلقائيًّا في IPFS العام عما لا يشاركه أحد.
then-routers = منذ ذلك الحين كان البحث في IPFS العام يجري عبر:
then-gateways = منذ ذلك الحين كانت ملفات IPFS العام تأتي عبر:
then-provide = منذ ذلك الحين كان ما تجلبه يُشارَك مع الآخرين.
then-not-provide = توقفت مشاركة ما تجلبه مع الآخرين.
then-private = منذ ذلك الحين كان ما تشاركه خاصًّا ما لم تحدد غير ذلك.
then-not-private = منذ ذلك الحين لم يكن ما تشاركه خاصًّا إلا إذا حددت ذلك.
then-session = حصل هذا المتصفح على معرّف نظير آخر، وعلى معرّف جديد عند كل بدء.
then-not-session = استعاد هذا المتصفح معرّف النظير الذي احتفظ به.
then-rest = تغيرت حدود أو إعدادات أخرى.
