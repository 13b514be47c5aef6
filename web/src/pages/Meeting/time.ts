/** "10:00", "10am", "2.30pm" → minutes after midnight. */
export function readTime(typed: string): { hours: number; minutes: number } | undefined {
  const found = /^\s*(\d{1,2})(?:[:.](\d\d))?\s*(am|pm)?\s*$/i.exec(typed);
  if (!found) return typed.trim().toLowerCase() === "midday" ? { hours: 12, minutes: 0 } : undefined;
  let hours = Number(found[1]);
  const minutes = Number(found[2] ?? 0);
  const half = found[3]?.toLowerCase();
  if (half && (hours < 1 || hours > 12)) return undefined;
  if (!half && found[2] === undefined) return undefined; // "10" could be a duration
  if (half) hours = (hours % 12) + (half === "pm" ? 12 : 0);
  return hours < 24 && minutes < 60 ? { hours, minutes } : undefined;
}
