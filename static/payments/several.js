/** Fees to pay: how many are chosen and what they come to, and all of them at once. */
const form = document.querySelector("[data-several]");

function watch() {
  const words = form.dataset;
  const most = Number(words.most);
  const all = form.querySelector("[data-all]");
  const sum = form.querySelector("[data-sum]");
  const pay = form.querySelector("[data-pay]");
  const fees = [...form.querySelectorAll("input[type=checkbox][name=fee]")];
  const elsewhere = [...form.querySelectorAll("input[type=hidden][name=fee]")];
  const usd = new Intl.NumberFormat(document.documentElement.lang, { style: "currency", currency: "USD" });

  function show() {
    const ticked = fees.filter((fee) => fee.checked);
    const chosen = [...elsewhere, ...ticked];
    const total = usd.format(chosen.reduce((cents, fee) => cents + Number(fee.dataset.cents), 0) / 100);
    const said = (text) => text.replace("{count}", chosen.length).replace("{total}", total);
    const tooMany = chosen.length > most;
    if (chosen.length === 0) sum.textContent = words.wordsNone;
    else sum.textContent = `${said(chosen.length === 1 ? words.wordsOne : words.wordsMany)} ${total}`;
    if (tooMany) sum.textContent += `. ${words.wordsTooMany}`;
    pay.textContent = said(chosen.length === 1 ? words.wordsPayOne : words.wordsPayMany);
    pay.disabled = chosen.length === 0 || tooMany;
    all.checked = ticked.length > 0 && ticked.length >= Math.min(fees.length, most - elsewhere.length);
    all.indeterminate = ticked.length > 0 && !all.checked;
  }

  all.addEventListener("change", () => {
    fees.forEach((fee, place) => {
      fee.checked = all.checked && place < most - elsewhere.length;
    });
    show();
  });
  fees.forEach((fee) => fee.addEventListener("change", show));
  all.parentElement.hidden = false;
  sum.hidden = false;
  show();
}

if (form) watch();
