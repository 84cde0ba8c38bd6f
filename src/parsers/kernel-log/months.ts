/**
 * Abbreviated months as the C library writes them (glibc localedata/locales, abmon): dmesg and
 * journalctl print dates in the user's language. A word must mean one month in all of these.
 */
const LANGUAGES: readonly string[] = [
  'jan feb mar apr may jun jul aug sep oct nov dec',
  // German, Austrian
  'jän feb mär apr mai jun jul aug sep okt nov dez',
  'jan feb märz april mai juni juli aug sept okt nov dez',
  // French
  'janv févr mars avril mai juin juil août sept oct nov déc',
  // Spanish, Italian, Portuguese
  'ene feb mar abr may jun jul ago sep oct nov dic',
  'gen feb mar apr mag giu lug ago set ott nov dic',
  'jan fev mar abr mai jun jul ago set out nov dez',
  // Dutch, Swedish and Danish, Norwegian, Finnish
  'jan feb mrt apr mei jun jul aug sep okt nov dec',
  'jan feb mar apr maj jun jul aug sep okt nov dec',
  'jan feb mars april mai juni juli aug sep okt nov des',
  'tammi helmi maalis huhti touko kesä heinä elo syys loka marras joulu',
  // Polish, Czech, Hungarian, Turkish
  'sty lut mar kwi maj cze lip sie wrz paź lis gru',
  'led úno bře dub kvě čen čec srp zář říj lis pro',
  'jan febr márc ápr máj jún júl aug szept okt nov dec',
  'oca şub mar nis may haz tem ağu eyl eki kas ara',
  // Russian (standing alone and in a date), Ukrainian
  'янв фев мар апр май июн июл авг сен окт ноя дек',
  'янв февр марта апр мая июня июля авг сент окт нояб дек',
  'січ лют бер кві тра чер лип сер вер жов лис гру',
  // Chinese and Japanese
  '1月 2月 3月 4月 5月 6月 7月 8月 9月 10月 11月 12月',
];

const MONTHS: ReadonlyMap<string, number> = new Map(
  LANGUAGES.flatMap((language) =>
    language.split(' ').map((word, index): [string, number] => [word, index + 1]),
  ),
);

/** 1 to 12; undefined when the word is no month. */
export function monthOf(word: string): number | undefined {
  const known = MONTHS.get(word);
  if (known !== undefined) return known;
  return MONTHS.get(word.toLowerCase().replace(/\.$/, ''));
}
