//! Names of persons where something beside them says so: a title, a patronymic, two initials, the words of a form.
//!
//! Rules alone cannot know a name from a word: they look only where a mistake is rare, and find the minority of names that
//! stand there. The user's list of names (`names.rs`) and a model for names find the others.

use std::ops::Range;

use super::super::around::{before, is_without_blanks};

/// The group is what follows the title.
pub(super) const WESTERN: &str = concat!(
    r"(?-u:\b)(?:(?:Mr|Mrs|Ms|Mx|Dr|Prof|Mme|Mlle|Sig\.ra|Dott(?:\.ssa)?)\.?|Miss|Sir|Madam|Herrn?|Frau|Monsieur|Madame|Señora?|Signora?|[Mm]y name is|Mein Name ist|mein Name ist|[Jj]e m'appelle|[Mm]e llamo|[Mm]i chiamo) {1,2}",
    r"((?:(?:van|von|de|del|di|la|der|den|le|al|bin|ter|da|dos)[ -])*(?:[OD]')?\p{Lu}(?:\.|\p{Ll}?\p{L}*\p{Ll}(?:['-]\p{L}+)*)",
    r"(?:[ -](?:(?:van|von|de|del|di|la|der|den|le|al|bin|ter|da|dos)[ -])*(?:[OD]')?\p{Lu}(?:\.|\p{L}+(?:['-]\p{L}+)*)){0,3})"
);

/// Words after a title that are an office, a brand or a place.
const NO_NAMES: &[&str] = &[
    "President",
    "Speaker",
    "Chairman",
    "Chairwoman",
    "Chair",
    "Minister",
    "Secretary",
    "Ambassador",
    "Justice",
    "Pepper",
    "Who",
    "Universe",
    "World",
    "America",
    "Right",
    "Big",
    "Bean",
    "Potato",
    "Strange",
    "Prime",
    "Mayor",
    "Vice",
    "Chancellor",
    "Tussauds",
    "Tussaud",
    "And",
    "Or",
    "Team",
];

pub(super) fn western(text: &str, at: Range<usize>, out: &mut Vec<Range<usize>>) {
    let quote = &text[at.clone()];
    let quote = quote.strip_suffix("'s").unwrap_or(quote);
    let first = quote.split([' ', '-']).next().unwrap_or(quote);
    let is_initial_only = quote.chars().count() <= 2;
    if !NO_NAMES.contains(&first) && !is_initial_only {
        out.push(at.start..at.start + quote.len());
    }
}

/// The group is the name: after a title; with a patronymic; with two initials.
pub(super) const RUSSIAN: &[&str] = &[
    concat!(
        r"(?:[Гг]-(?:на|ну|ном|не|н|жа|жи|же|жу|жой)|[Гг]осподин(?:а|у|ом|е)?|[Гг]оспож(?:а|и|е|у|ой|ою)|",
        r"[Гг]р(?:-на|-ну|-н|-ка|-ки|-ке|-ку)|[Дд]октор(?:а|у|ом|е)?|[Тт]оварищ(?:а|у|ем|е)?|[Зз]овут)\.? ",
        r"((?:[А-ЯЁ]\. ?){0,2}[А-ЯЁ][а-яё]+(?:-[А-ЯЁ][а-яё]+)?(?: [А-ЯЁ](?:\.|[а-яё]+(?:-[А-ЯЁ][а-яё]+)?)){0,2})"
    ),
    concat!(
        r"((?:[А-ЯЁ][а-яё]+(?:-[А-ЯЁ][а-яё]+)? )?[А-ЯЁ][а-яё]+ ",
        r"[А-ЯЁ][а-яё]*(?:(?:ович|евич|[ьмкн]ич)(?:ами|ах|ам|ем|ей|а|у|е|и)?|(?:овн|евн|ичн)(?:ами|ах|ам|ой|ою|а|ы|е|у)|(?:овен|евен|ичен))",
        r"(?: [А-ЯЁ][а-яё]+(?:-[А-ЯЁ][а-яё]+)?)?)"
    ),
    concat!(
        r"((?:[А-ЯЁ][а-яё]+(?:-[А-ЯЁ][а-яё]+)? )?[А-ЯЁ]\. ?[А-ЯЁ]\. ?[А-ЯЁ][а-яё]+(?:-[А-ЯЁ][а-яё]+)?|",
        r"[А-ЯЁ][а-яё]+(?:-[А-ЯЁ][а-яё]+)? [А-ЯЁ]\. ?[А-ЯЁ]\.)"
    ),
];

/// Endings of surnames, in all cases.
const SURNAME_ENDINGS: &[&str] = &[
    "ов",
    "ев",
    "ёв",
    "ин",
    "ын",
    "ова",
    "ева",
    "ёва",
    "ина",
    "ына",
    "ову",
    "еву",
    "ину",
    "ыну",
    "овым",
    "евым",
    "иным",
    "ыным",
    "овой",
    "евой",
    "иной",
    "ыной",
    "ове",
    "еве",
    "ине",
    "ский",
    "цкий",
    "ского",
    "цкого",
    "скому",
    "цкому",
    "ским",
    "цким",
    "ском",
    "цком",
    "ская",
    "цкая",
    "ской",
    "цкой",
    "скую",
    "цкую",
    "ко",
    "ук",
    "юк",
    "ука",
    "юка",
    "уку",
    "юку",
    "як",
    "яка",
    "ян",
    "яна",
    "яну",
    "дзе",
    "швили",
    "их",
    "ых",
    "ец",
    "ца",
    "цу",
    "ич",
    "ича",
    "ичу",
    "ман",
    "мана",
    "ману",
    "ер",
    "ера",
    "ан",
];

pub(super) fn russian(text: &str, at: Range<usize>, out: &mut Vec<Range<usize>>) {
    let quote = &text[at.clone()];
    let words: Vec<&str> = quote.split(' ').collect();
    let is_cut =
        text[at.end..].starts_with(char::is_alphabetic) || text[..at.start].ends_with(char::is_alphabetic);
    if is_cut {
        return;
    }
    let is_after_title = before(text, at.start, 2).ends_with(' ')
        && before(text, at.start, 12).trim_end_matches(['.', ' ']).ends_with(char::is_lowercase)
        && !has_patronymic(quote)
        && !quote.contains('.');
    let is_led_by_a_word =
        !words[0].contains('.') && (words.len() >= 3 || quote.contains('.') && words.len() >= 2);
    let ends_with_initials = quote.ends_with('.');
    // A capital at the beginning of a sentence is no surname: `Вчера Иван Петрович`, `Вчера И. И. Иванов`.
    let first_is_part = words[0] != "Вчера"
        && SURNAME_ENDINGS.iter().any(|ending| words[0].ends_with(ending))
        || is_second_patronymic(&words);
    if is_after_title || !is_led_by_a_word || ends_with_initials || first_is_part {
        out.push(at);
    } else {
        out.push(at.start + words[0].len() + 1..at.end);
    }
}

fn is_patronymic(word: &str) -> bool {
    const ENDS: &[&str] = &["ович", "евич", "ьич", "мич", "кич", "нич", "овн", "евн", "ичн", "овен", "евен"];
    let stem = word.trim_end_matches(['а', 'у', 'е', 'и', 'ы', 'м', 'й', 'о', 'х', 'ю']);
    ENDS.iter().any(|end| word.ends_with(end) || stem.ends_with(end))
}

fn has_patronymic(quote: &str) -> bool {
    quote.split(' ').any(is_patronymic)
}

/// Whether the second word is the patronymic: then the first is the given name.
fn is_second_patronymic(words: &[&str]) -> bool {
    words.get(1).is_some_and(|word| is_patronymic(word))
        && !words.get(2).is_some_and(|word| is_patronymic(word))
}

/// The group is the name: a surname with one or two characters, between a border or any text and a title; after the words
/// of a form.
pub(super) const CHINESE: &[&str] = &[
    concat!(
        "((?:欧阳|上官|司马|诸葛|东方|皇甫|尉迟|令狐|慕容|夏侯|司徒|公孙|[王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯董萧程曹袁邓许傅沈曾彭",
        "吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田姜范石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙段雷钱汤尹黎易武乔贺赖龚樊殷施洪颜倪严牛温俞章鲁葛韦毕聂焦柳邢骆岳齐梅庄涂祁耿詹关费纪靳童欧甄裴祝翁霍苗])",
        r"\p{Han}{1,2}?)(?:先生|女士|小姐|老师|医生|大夫|教授|博士|同学|经理|主任|师傅|律师|总监|处长|局长|院长|校长|护士|太太|同志|会计|主管|店长)"
    ),
    concat!(
        "(?:姓名|联系人|收件人|收货人|寄件人|患者|申请人|持卡人|投保人|户名|法定代表人|客户姓名|我叫|我的名字叫|我的名字是|名叫|经办人|负责人|签收人|乘客)[ ]?(?:[:是为])?[ ]?",
        "((?:欧阳|上官|司马|诸葛|东方|皇甫|尉迟|令狐|慕容|夏侯|司徒|公孙|[王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯董萧程曹袁邓许傅沈曾彭",
        "吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田姜范石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙段雷钱汤尹黎易武乔贺赖龚樊殷施洪颜倪严牛温俞章鲁葛韦毕聂焦柳邢骆岳齐梅庄涂祁耿詹关费纪靳童欧甄裴祝翁霍苗于任方])",
        r"\p{Han}{1,2})(?:[^\p{Han}]|$|的|在|来|身份证|电话|手机)"
    ),
    concat!(
        "(?:先生|女士|小姐|老师|医生|教授|律师|经理|主任)[ ]?[:]?",
        "((?:欧阳|上官|司马|诸葛|[王李张刘陈杨赵黄周吴徐孙胡朱郭罗梁宋郑谢韩唐冯董萧曹袁邓许傅沈彭吕苏卢蒋蔡贾魏薛叶阎潘杜戴汪姜谭廖邹熊陆郝崔邱秦顾侯邵孟])",
        r"\p{Han}{1,2})(?:[^\p{Han}]|$)"
    ),
];

/// Words that begin like a name and are none.
const NO_CHINESE_NAMES: &[&str] = &[
    "王子", "高级", "高中", "高校", "马上", "周围", "易于", "江南", "江苏", "白衣", "金牌", "高小", "林业",
    "石油", "夏天", "武术", "关于", "向来", "黄金", "白天", "钟点", "易学", "康复", "金融", "施工", "严重",
    "温和", "方面", "任何", "于是", "马来", "史学", "童年", "文化", "田径", "高等", "侯任", "余下", "何种",
    "何时", "石家", "江西", "钱塘",
];

/// Characters that no given name holds, in the words of a sentence: `感谢几位教授`, `龙总经理`, `公关部经理`.
const NO_GIVEN: &[char] = &[
    '和', '与', '向', '于', '对', '给', '跟', '及', '问', '是', '的', '了', '在', '让', '请', '被', '把',
    '有', '位', '名', '个', '些', '几', '各', '两', '们', '总', '副', '部', '先', '女', '老', '说', '称',
];

/// Characters that follow a name in a sentence: `主任李成说，`, `易辉总经理`.
const AFTER_NAMES: &[char] = &['说', '称', '在', '也', '对', '将', '总', '副', '和', '与', '等', '的', '说'];

pub(super) fn chinese(text: &str, at: Range<usize>, out: &mut Vec<Range<usize>>) {
    let mut quote = &text[at.clone()];
    let n_surname = if DOUBLE_SURNAMES.iter().any(|double| quote.starts_with(double)) { 2 } else { 1 };
    if quote.chars().count() > n_surname + 1 {
        quote = quote.trim_end_matches(AFTER_NAMES);
    }
    let is_a_word = NO_CHINESE_NAMES.iter().any(|word| quote.starts_with(word));
    let given: Vec<char> = quote.chars().skip(n_surname).collect();
    let is_name = !given.is_empty() && !given.iter().any(|c| NO_GIVEN.contains(c));
    let is_all_han = quote.chars().all(is_without_blanks);
    if !is_a_word && is_name && is_all_han {
        out.push(at.start..at.start + quote.len());
    }
}

const DOUBLE_SURNAMES: &[&str] =
    &["欧阳", "上官", "司马", "诸葛", "东方", "皇甫", "尉迟", "令狐", "慕容", "夏侯", "司徒", "公孙"];
