import { Link } from "react-router";

/** Pages of a list, in the NHS pattern: previous, numbers, next. Nobody is reached only by scrolling. */
export function Pages({ page, pages, to }: { page: number; pages: number; to: (page: number) => string }) {
  if (pages <= 1) return null;
  const numbers = [...new Set([1, page - 1, page, page + 1, pages])].filter((one) => one >= 1 && one <= pages).sort((a, b) => a - b);
  return (
    <nav className="ju-pages ju-no-print" aria-label="Pages">
      <ul>
        {page > 1 && (
          <li>
            <Link to={to(page - 1)} state={{ heading: `page ${page - 1}` }} rel="prev">
              Previous
            </Link>
          </li>
        )}
        {numbers.map((one, index) => (
          <li key={one}>
            {index > 0 && one - numbers[index - 1]! > 1 && <span aria-hidden="true">… </span>}
            {one === page ? (
              <span aria-current="page" className="ju-pages__here">
                <span className="nhsuk-u-visually-hidden">Page </span>
                {one}
              </span>
            ) : (
              <Link to={to(one)} state={{ heading: `page ${one}` }} aria-label={`Page ${one}`}>
                {one}
              </Link>
            )}
          </li>
        ))}
        {page < pages && (
          <li>
            <Link to={to(page + 1)} state={{ heading: `page ${page + 1}` }} rel="next">
              Next
            </Link>
          </li>
        )}
      </ul>
    </nav>
  );
}
