const DAY = 24 * 60 * 60 * 1000 // ms

const hourAndMinute = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' })
const complete = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' })
const thisYear = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' })
const otherYear = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'long', year: 'numeric' })

/** @param {number} at ms since 1970 */
export const timeOf = at => hourAndMinute.format(at)

/** @param {number} at ms since 1970 */
export const fullDateOf = at => complete.format(at)

/**
 * The local date as a key: two messages of one day have the same.
 * @param {number} at ms since 1970
 */
export function dayOf(at) {
  const date = new Date(at)
  return `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`
}

/**
 * The local date in words.
 * @param {number} at ms since 1970
 * @param {number} now ms since 1970
 */
export function dayName(at, now) {
  const noon = new Date(now).setHours(12) // 24 hours before noon is yesterday, whatever the clocks were set to
  if (dayOf(at) === dayOf(now)) return 'Today'
  if (dayOf(at) === dayOf(noon - DAY)) return 'Yesterday'
  return (new Date(at).getFullYear() === new Date(now).getFullYear() ? thisYear : otherYear).format(at)
}
