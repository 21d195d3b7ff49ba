// Seconds as people read them: 1:05, 1:00:05.
export function length(seconds) {
  const whole = Math.max(0, Math.floor(seconds)), rest = String(whole % 60).padStart(2, "0");
  const hours = Math.floor(whole / 3600), minutes = Math.floor(whole / 60) % 60;
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}
