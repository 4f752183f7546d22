-- Realistic open orders for the bundled server's database: unicode names,
-- NULLs, blanks, long notes, quantities with three decimals.
--
--   sqlite3 server.db ".parameter init" ".parameter set :rows 2435" \
--     ".read tests/data/make-orders.sql"
DROP TABLE IF EXISTS "vwZSDOrder_Advanced";
CREATE TABLE "vwZSDOrder_Advanced"(
  "soldTo" int,
  "shipTo" int,
  "custName" nvarchar(80),
  "country" nchar(3),
  "plant" int,
  "salesDoc" nvarchar(10) NOT NULL,
  "soStloc" nvarchar(40),
  "itemNumber" int,
  "salesType" nvarchar(40),
  "orderDate" date,
  "requestedDate" date,
  "transitTime" smallint,
  "plGlDate" date,
  "daysLate" int,
  "material" nvarchar(40),
  "materialDescription" nvarchar(120),
  "orderQty" decimal(13,3),
  "orderQty_UoM" nvarchar(3),
  "openOrderQty" decimal(13,3),
  "openOrderQty_UoM" nvarchar(3),
  "openDelQty" decimal(13,3),
  "openDelQty_UoM" nvarchar(3),
  "giQty" decimal(13,3),
  "giQty_UoM" nvarchar(3),
  "inStock" decimal(13,3),
  "neededQty" decimal(13,3),
  "orderShortfall" decimal(13,3),
  "equipment" nvarchar(40),
  "iStloc" nvarchar(40),
  "shipType" tinyint,
  "processOrderNum" nvarchar(40),
  "csrName" nvarchar(40),
  "orderStatus" varchar(30),
  "udCode" nvarchar(40),
  "fertCode" nvarchar(40),
  "fertDesc" nvarchar(40),
  "safetyStock" decimal(13,3),
  "baseUoM" nvarchar(3),
  "sLoc" nvarchar(40),
  "unrestrictedQty" decimal(13,3),
  "unrestrictedQty_UoM" nvarchar(3),
  "estShipDate" date,
  "shipStatus" nvarchar(40),
  "actionText" "nvarchar(max)",
  "actionDate" datetime,
  "actionUser" nvarchar(40),
  "cumuShortfall" decimal(13,3),
  "totalShortfall" decimal(13,3),
  "shipStatusID" nvarchar(40),
  "leadtime" smallint,
  "deliveryNumber" nvarchar(40),
  "deliveryItemNumber" int,
  "shipmentNumber" nvarchar(40),
  "serviceAgentNumber" nvarchar(40),
  "salesRep" nvarchar(40),
  "serviceAgentName" nvarchar(40),
  "custPONum" nvarchar(40),
  "customerNote" "nvarchar(max)",
  "shippingFrom" nvarchar(40),
  "NAME1" nvarchar(40),
  "fullName" nvarchar(40),
  "currentText" "nvarchar(max)",
  "bismt" nvarchar(40),
  "shippingType" nvarchar(40),
  "tempSensitive" bit,
  "CSR_actionText" "nvarchar(max)",
  "CSR_actionDate" nvarchar(40),
  "CSR_actionUser" nvarchar(40)
);

WITH RECURSIVE count(n) AS (
  SELECT 1 UNION ALL SELECT n + 1 FROM count WHERE n < :rows
)
INSERT INTO "vwZSDOrder_Advanced"
SELECT
  100000 + abs((n*2654435761+1*40503+2*n*n)%1000003)%900,
  100000 + abs((n*2654435761+2*40503+3*n*n)%1000003)%900,
  CASE abs((n*2654435761+3*40503+4*n*n)%1000003)%12 WHEN 0 THEN 'Müller & Söhne GmbH' WHEN 1 THEN 'O''Brien Ltd.'
      WHEN 2 THEN 'Škoda díly s.r.o.' WHEN 3 THEN '東京商事' WHEN 4 THEN '  Smith and Co  '
      WHEN 5 THEN 'Ørsted A/S' WHEN 6 THEN 'Ναυτιλία ΑΕ' ELSE 'Customer ' || (abs((n*2654435761+4*40503+5*n*n)%1000003)%300) END,
  substr('DE GB CZ JP US DK GR ', 1 + 3*(abs((n*2654435761+4*40503+5*n*n)%1000003)%7), 3),
  8800 + 10*(abs((n*2654435761+5*40503+6*n*n)%1000003)%4),
  printf('%010d', 4500000000 + n/3),
  CASE abs((n*2654435761+7*40503+8*n*n)%1000003)%12 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN '  ' ELSE 'soStlo-' || (abs((n*2654435761+407*40503+20*n*n)%1000003)%1000) END,
  10*(1 + abs((n*2654435761+8*40503+9*n*n)%1000003)%30),
  CASE abs((n*2654435761+9*40503+10*n*n)%1000003)%12 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN '  ' ELSE 'salesT-' || (abs((n*2654435761+409*40503+22*n*n)%1000003)%1000) END,
  CASE WHEN abs((n*2654435761+210*40503+17*n*n)%1000003)%9=0 THEN NULL ELSE date('2025-01-01', '+'||(abs((n*2654435761+10*40503+11*n*n)%1000003)%540)||' days') END,
  CASE WHEN abs((n*2654435761+211*40503+18*n*n)%1000003)%9=0 THEN NULL ELSE date('2025-01-01', '+'||(abs((n*2654435761+11*40503+12*n*n)%1000003)%540)||' days') END,
  abs((n*2654435761+12*40503+13*n*n)%1000003)%60,
  CASE WHEN abs((n*2654435761+213*40503+20*n*n)%1000003)%9=0 THEN NULL ELSE date('2025-01-01', '+'||(abs((n*2654435761+13*40503+14*n*n)%1000003)%540)||' days') END,
  abs((n*2654435761+14*40503+15*n*n)%1000003)%90 - 20,
  printf('M-%06d', abs((n*2654435761+15*40503+16*n*n)%1000003)%800),
  'Valve DN' || (abs((n*2654435761+16*40503+17*n*n)%1000003)%200) || ', stainless, ½"',
  abs((n*2654435761+17*40503+18*n*n)%1000003)%5000 - 0,
  CASE abs((n*2654435761+18*40503+19*n*n)%1000003)%6 WHEN 0 THEN NULL WHEN 1 THEN 'KG' ELSE 'EA' END,
  abs((n*2654435761+19*40503+20*n*n)%1000003)%5000 - 0,
  CASE abs((n*2654435761+20*40503+21*n*n)%1000003)%6 WHEN 0 THEN NULL WHEN 1 THEN 'KG' ELSE 'EA' END,
  abs((n*2654435761+21*40503+22*n*n)%1000003)%5000 - 0,
  CASE abs((n*2654435761+22*40503+23*n*n)%1000003)%6 WHEN 0 THEN NULL WHEN 1 THEN 'KG' ELSE 'EA' END,
  abs((n*2654435761+23*40503+24*n*n)%1000003)%5000 - 0,
  CASE abs((n*2654435761+24*40503+25*n*n)%1000003)%6 WHEN 0 THEN NULL WHEN 1 THEN 'KG' ELSE 'EA' END,
  abs((n*2654435761+25*40503+26*n*n)%1000003)%5000 - 0,
  abs((n*2654435761+26*40503+27*n*n)%1000003)%5000 - 0,
  abs((n*2654435761+27*40503+28*n*n)%1000003)%5000 - 2500,
  CASE abs((n*2654435761+28*40503+29*n*n)%1000003)%12 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN '  ' ELSE 'equipm-' || (abs((n*2654435761+428*40503+41*n*n)%1000003)%1000) END,
  CASE abs((n*2654435761+29*40503+30*n*n)%1000003)%12 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN '  ' ELSE 'iStloc-' || (abs((n*2654435761+429*40503+42*n*n)%1000003)%1000) END,
  abs((n*2654435761+30*40503+31*n*n)%1000003)%5,
  CASE abs((n*2654435761+31*40503+32*n*n)%1000003)%12 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN '  ' ELSE 'proces-' || (abs((n*2654435761+431*40503+44*n*n)%1000003)%1000) END,
  CASE abs((n*2654435761+32*40503+33*n*n)%1000003)%12 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN '  ' ELSE 'csrNam-' || (abs((n*2654435761+432*40503+45*n*n)%1000003)%1000) END,
  CASE abs((n*2654435761+33*40503+34*n*n)%1000003)%5 WHEN 0 THEN 'Open' WHEN 1 THEN 'Partially shipped' WHEN 2 THEN 'Blocked' ELSE 'Confirmed' END,
  CASE abs((n*2654435761+34*40503+35*n*n)%1000003)%12 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN '  ' ELSE 'udCode-' || (abs((n*2654435761+434*40503+47*n*n)%1000003)%1000) END,
  CASE abs((n*2654435761+35*40503+36*n*n)%1000003)%12 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN '  ' ELSE 'fertCo-' || (abs((n*2654435761+435*40503+48*n*n)%1000003)%1000) END,
  CASE abs((n*2654435761+36*40503+37*n*n)%1000003)%12 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN '  ' ELSE 'fertDe-' || (abs((n*2654435761+436*40503+49*n*n)%1000003)%1000) END,
  abs((n*2654435761+37*40503+38*n*n)%1000003)%5000 - 0,
  CASE abs((n*2654435761+38*40503+39*n*n)%1000003)%6 WHEN 0 THEN NULL WHEN 1 THEN 'KG' ELSE 'EA' END,
  CASE abs((n*2654435761+39*40503+40*n*n)%1000003)%12 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN '  ' ELSE 'sLoc-' || (abs((n*2654435761+439*40503+52*n*n)%1000003)%1000) END,
  abs((n*2654435761+40*40503+41*n*n)%1000003)%5000 - 0,
  CASE abs((n*2654435761+41*40503+42*n*n)%1000003)%6 WHEN 0 THEN NULL WHEN 1 THEN 'KG' ELSE 'EA' END,
  CASE WHEN abs((n*2654435761+242*40503+49*n*n)%1000003)%9=0 THEN NULL ELSE date('2025-01-01', '+'||(abs((n*2654435761+42*40503+43*n*n)%1000003)%540)||' days') END,
  CASE abs((n*2654435761+43*40503+44*n*n)%1000003)%12 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN '  ' ELSE 'shipSt-' || (abs((n*2654435761+443*40503+56*n*n)%1000003)%1000) END,
  CASE abs((n*2654435761+44*40503+45*n*n)%1000003)%8 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN '   '
      WHEN 3 THEN 'Kunde möchte Lieferung erst ab KW 32; bitte prüfen 🚚'
      WHEN 4 THEN 'お客様に確認中' || char(10) || 'second line'
      WHEN 5 THEN replace(hex(zeroblob(150)), '00', 'long note, ')
      ELSE 'called ' || (abs((n*2654435761+344*40503+54*n*n)%1000003)%20) || ' times' END,
  CASE WHEN abs((n*2654435761+245*40503+52*n*n)%1000003)%9=0 THEN NULL ELSE strftime('%Y-%m-%d %H:%M:%S.000', '2025-01-01', '+'||(abs((n*2654435761+45*40503+46*n*n)%1000003)%700000)||' minutes') END,
  CASE abs((n*2654435761+46*40503+47*n*n)%1000003)%12 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN '  ' ELSE 'action-' || (abs((n*2654435761+446*40503+59*n*n)%1000003)%1000) END,
  abs((n*2654435761+47*40503+48*n*n)%1000003)%5000 - 2500,
  abs((n*2654435761+48*40503+49*n*n)%1000003)%5000 - 2500,
  CASE abs((n*2654435761+49*40503+50*n*n)%1000003)%12 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN '  ' ELSE 'shipSt-' || (abs((n*2654435761+449*40503+62*n*n)%1000003)%1000) END,
  abs((n*2654435761+50*40503+51*n*n)%1000003)%60,
  CASE abs((n*2654435761+51*40503+52*n*n)%1000003)%12 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN '  ' ELSE 'delive-' || (abs((n*2654435761+451*40503+64*n*n)%1000003)%1000) END,
  CASE WHEN abs((n*2654435761+52*40503+53*n*n)%1000003)%10<6 THEN NULL ELSE 10*(1+abs((n*2654435761+152*40503+56*n*n)%1000003)%9) END,
  CASE abs((n*2654435761+53*40503+54*n*n)%1000003)%12 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN '  ' ELSE 'shipme-' || (abs((n*2654435761+453*40503+66*n*n)%1000003)%1000) END,
  CASE abs((n*2654435761+54*40503+55*n*n)%1000003)%12 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN '  ' ELSE 'servic-' || (abs((n*2654435761+454*40503+67*n*n)%1000003)%1000) END,
  CASE abs((n*2654435761+55*40503+56*n*n)%1000003)%12 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN '  ' ELSE 'salesR-' || (abs((n*2654435761+455*40503+68*n*n)%1000003)%1000) END,
  CASE abs((n*2654435761+56*40503+57*n*n)%1000003)%12 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN '  ' ELSE 'servic-' || (abs((n*2654435761+456*40503+69*n*n)%1000003)%1000) END,
  CASE abs((n*2654435761+57*40503+58*n*n)%1000003)%12 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN '  ' ELSE 'custPO-' || (abs((n*2654435761+457*40503+70*n*n)%1000003)%1000) END,
  CASE abs((n*2654435761+58*40503+59*n*n)%1000003)%8 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN '   '
      WHEN 3 THEN 'Kunde möchte Lieferung erst ab KW 32; bitte prüfen 🚚'
      WHEN 4 THEN 'お客様に確認中' || char(10) || 'second line'
      WHEN 5 THEN replace(hex(zeroblob(150)), '00', 'long note, ')
      ELSE 'called ' || (abs((n*2654435761+358*40503+68*n*n)%1000003)%20) || ' times' END,
  CASE abs((n*2654435761+59*40503+60*n*n)%1000003)%12 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN '  ' ELSE 'shippi-' || (abs((n*2654435761+459*40503+72*n*n)%1000003)%1000) END,
  CASE abs((n*2654435761+60*40503+61*n*n)%1000003)%12 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN '  ' ELSE 'NAME1-' || (abs((n*2654435761+460*40503+73*n*n)%1000003)%1000) END,
  CASE abs((n*2654435761+61*40503+62*n*n)%1000003)%12 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN '  ' ELSE 'fullNa-' || (abs((n*2654435761+461*40503+74*n*n)%1000003)%1000) END,
  CASE abs((n*2654435761+62*40503+63*n*n)%1000003)%8 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN '   '
      WHEN 3 THEN 'Kunde möchte Lieferung erst ab KW 32; bitte prüfen 🚚'
      WHEN 4 THEN 'お客様に確認中' || char(10) || 'second line'
      WHEN 5 THEN replace(hex(zeroblob(150)), '00', 'long note, ')
      ELSE 'called ' || (abs((n*2654435761+362*40503+72*n*n)%1000003)%20) || ' times' END,
  CASE abs((n*2654435761+63*40503+64*n*n)%1000003)%12 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN '  ' ELSE 'bismt-' || (abs((n*2654435761+463*40503+76*n*n)%1000003)%1000) END,
  CASE abs((n*2654435761+64*40503+65*n*n)%1000003)%12 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN '  ' ELSE 'shippi-' || (abs((n*2654435761+464*40503+77*n*n)%1000003)%1000) END,
  abs((n*2654435761+65*40503+66*n*n)%1000003)%2,
  CASE abs((n*2654435761+66*40503+67*n*n)%1000003)%8 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN '   '
      WHEN 3 THEN 'Kunde möchte Lieferung erst ab KW 32; bitte prüfen 🚚'
      WHEN 4 THEN 'お客様に確認中' || char(10) || 'second line'
      WHEN 5 THEN replace(hex(zeroblob(150)), '00', 'long note, ')
      ELSE 'called ' || (abs((n*2654435761+366*40503+76*n*n)%1000003)%20) || ' times' END,
  CASE abs((n*2654435761+67*40503+68*n*n)%1000003)%4 WHEN 0 THEN '2025-03-04 10:11' WHEN 1 THEN '' ELSE NULL END,
  CASE abs((n*2654435761+68*40503+69*n*n)%1000003)%12 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN '  ' ELSE 'CSR_ac-' || (abs((n*2654435761+468*40503+81*n*n)%1000003)%1000) END
FROM count WHERE n <= :rows;
