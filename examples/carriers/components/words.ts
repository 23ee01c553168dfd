/** `AUTO_LIABILITY` as "auto liability". */
export function words(name: string): string {
  return name.toLowerCase().replaceAll('_', ' ')
}
