// Fictitious carriers, always the same ones: MC and USDOT numbers are far above those ever issued, email addresses end
// in .example, telephone numbers are 555-01xx.

/** Random numbers from 0 to below 1, the same for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const PLACES = [
  'Alder Creek',
  'Basin',
  'Blue Heron',
  'Cedar Fork',
  'Copper Mesa',
  'Deep Harbor',
  'Dry Fork',
  'Elkhorn',
  'Fallow Deer',
  'Granite Pass',
  'High Plains',
  'Juniper',
  'Lone Pine',
  'Mill River',
  'North Star',
  'Ozark',
  'Prairie',
  'Red Rock',
  'Sandhill',
  'Two Rivers',
]
const TRADES = [
  'Express',
  'Freight',
  'Hauling',
  'Lines',
  'Logistics',
  'Motor',
  'Transport',
  'Trucking',
]
const FORMS = ['Co.', 'Inc.', 'LLC']
const STATES = [
  'AZ',
  'CA',
  'CO',
  'FL',
  'GA',
  'IA',
  'IL',
  'MN',
  'MO',
  'NC',
  'NE',
  'NV',
  'OH',
  'OR',
  'TN',
  'TX',
  'WA',
]
const FIRST = [
  'Amara',
  'Ben',
  'Carla',
  'Dwight',
  'Elena',
  'Frank',
  'Gus',
  'Hana',
  'Ivan',
  'Joy',
  'Kofi',
  'Lucia',
  'Marisol',
  'Priya',
  'Wendell',
]
const LAST = [
  'Abara',
  'Castillo',
  'Dunn',
  'Fisher',
  'Holm',
  'Lindqvist',
  'Moss',
  'Novak',
  'Okafor',
  'Reyes',
  'Tran',
  'Weber',
  'Yazzie',
]
const TITLES = ['Dispatcher', 'Operations manager', 'Safety manager', 'Owner']
const INSURERS = ['Prairie Mutual Casualty', 'Keystone Inland Marine', 'Great Basin Underwriters']
const CITIES = [
  ['Joplin', 'MO'],
  ['Reno', 'NV'],
  ['Fresno', 'CA'],
  ['Tucson', 'AZ'],
  ['Charlotte', 'NC'],
  ['Rockford', 'IL'],
  ['Tulsa', 'OK'],
  ['Spokane', 'WA'],
] as const
const GOODS = [
  'Irrigation pipe',
  'Apples, palletised',
  'Frozen poultry',
  'Paper rolls',
  'Steel coils',
  'Canned goods',
]
const EQUIPMENT = ['DRY_VAN', 'REEFER', 'FLATBED', 'POWER_ONLY']
const STATUS = ['PLANNED', 'BOOKED', 'IN_TRANSIT', 'DELIVERED', 'DELIVERED', 'CANCELLED']

const DAY_MS = 86_400_000
const day = (offset: number) => new Date(Date.UTC(2026, 0, 1) + offset * DAY_MS)

/** The MC number by which all other records refer to a carrier. */
const mcNumber = (index: number) => String(99_100_000 + index * 7)

/** The first `count` carriers. */
export function* carriers(count: number) {
  for (let index = 0; index < count; index++) {
    const random = randomFrom(index + 1)
    const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T
    yield {
      mcNumber: mcNumber(index),
      usdotNumber: String(98_100_000 + index * 11),
      name: `${pick(PLACES)} ${pick(TRADES)} ${index + 1} ${pick(FORMS)}`,
      homeState: pick(STATES),
      powerUnits: 1 + Math.floor(random() ** 3 * 200),
    }
  }
}

/** One to three contacts for each of the first `count` carriers; the first contact is the primary one. */
export function* contacts(count: number) {
  for (let index = 0; index < count; index++) {
    const random = randomFrom(index + 10_001)
    const people = 1 + Math.floor(random() * 3)
    for (let person = 0; person < people; person++) {
      const first = FIRST[(index + person * 4) % FIRST.length] as string
      const last = LAST[Math.floor(random() * LAST.length)] as string
      yield {
        carrierId: { mcNumber: mcNumber(index) },
        fullName: `${first} ${last}`,
        title: TITLES[person % TITLES.length] as string,
        email: `${first}.${last}@carrier-${index + 1}.example`.toLowerCase(),
        phone: `(${200 + Math.floor(random() * 700)}) 555-01${String(Math.floor(random() * 100)).padStart(2, '0')}`,
        isPrimary: person === 0,
      }
    }
  }
}

/** Two insurance policies for each of the first `count` carriers. */
export function* policies(count: number) {
  for (let index = 0; index < count; index++) {
    const random = randomFrom(index + 20_001)
    for (const kind of ['AUTO_LIABILITY', 'CARGO']) {
      const insurer = INSURERS[Math.floor(random() * INSURERS.length)] as string
      const begins = Math.floor(random() * 300) - 150
      yield {
        carrierId: { mcNumber: mcNumber(index) },
        kind,
        insurer,
        policyNumber: `${kind.slice(0, 2)}-${String(260_000 + index)}`,
        coverageAmount: kind === 'CARGO' ? '250000.00' : '1000000.00',
        effectiveOn: day(begins),
        expiresOn: day(begins + 365),
      }
    }
  }
}

/** `count` loads, most of them assigned to one of the first `among` carriers. */
export function* loads(count: number, among: number) {
  for (let index = 0; index < count; index++) {
    const random = randomFrom(index + 30_001)
    const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T
    const [pickupCity, pickupState] = pick(CITIES)
    const [deliveryCity, deliveryState] = pick(CITIES)
    const status = pick(STATUS)
    const carrier = Math.floor(random() * among)
    const pickupAt = new Date(day(Math.floor(random() * 330)).getTime() + 9 * 3_600_000)
    yield {
      reference: `LD-${String(100_001 + index)}`,
      carrierId: { mcNumber: status === 'PLANNED' ? null : mcNumber(carrier) },
      status,
      equipment: pick(EQUIPMENT),
      commodity: pick(GOODS),
      weightLbs: 8000 + Math.floor(random() * 36_000),
      miles: 120 + Math.floor(random() * 2200),
      rate: (400 + random() * 6000).toFixed(2),
      pickupCity,
      pickupState,
      pickupAt,
      deliveryCity,
      deliveryState,
      deliveryAt: new Date(pickupAt.getTime() + (1 + Math.floor(random() * 3)) * DAY_MS),
    }
  }
}
